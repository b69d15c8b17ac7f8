"""From what the store holds to a certificate, or to what is wrong with it. Pure, no I/O."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

# A vote that proves a deployment: counted in its own row, and no part of the result.
TEST_KEY = "test"


@dataclass(frozen=True)
class Queue:
    """A queue that may have taken votes. `node` is None for one that was never registered, with
    None for all that only a registered one has; it is empty where no ballot has named it. One that
    has `ended` was seen closed by a worker that knew before it looked that it is to take no more.
    `shortfall` is by how many entries it once reported less than before."""

    queue: str
    node: str | None
    seen_at: datetime | None
    ended: bool | None
    entries_added: int | None
    waiting: int | None
    ballots: int
    rejected: int
    missing: int | None
    shortfall: int | None
    collisions: int

    @property
    def name(self) -> str:
        return f"Queue {self.queue} on {self.node or 'a node that no ballot has named'}"


@dataclass(frozen=True)
class Rejected:
    """How many entries of a queue were rejected for a reason. Those that are `own` look like what
    our frontends write, so that somebody may have a receipt for them."""

    queue: str
    reason: str
    own: bool
    entries: int


@dataclass(frozen=True)
class Choice:
    """A choice with its votes: as counted anew from the ledger, in `votes`, and in `tally`.

    Of its other ballots, `changed` were followed by one for another choice, and `repeated` by one
    for the same."""

    key: str
    text: str
    ledger: int
    votes: int
    tally: int
    changed: int
    repeated: int


@dataclass(frozen=True)
class Audit:
    """Everything that a certificate is made from, but the digest; as of one moment."""

    queues: tuple[Queue, ...]
    choices: tuple[Choice, ...]
    rejected: tuple[Rejected, ...]
    id: str | None
    title: str
    question: str
    state: str
    opened_at: datetime | None
    closes_at: datetime | None
    closed_at: datetime | None
    first_cast_us: int | None
    last_cast_us: int | None
    first_stored: datetime | None
    last_stored: datetime | None


def problems(audit: Audit) -> list[str]:
    """A sentence for everything that does not add up; none, and there can be a certificate."""
    if audit.closed_at is None:
        return [f"The poll is {'open' if audit.state == 'open' else 'not open yet'}."]
    found = [sentence for queue in audit.queues for sentence in _queue_problems(queue)]
    names = {queue.queue: queue.name for queue in audit.queues}
    found += [
        f"{names[part.queue]} gave {part.entries:,} entries that look like our frontends' own and "
        f"were rejected, so their voters may have a receipt: {part.reason}."
        for part in audit.rejected
        if part.own
    ]
    return found + [
        f"Choice {choice.key} has {choice.ledger:,} votes by the ledger, {choice.votes:,} in the "
        f"table votes, and {choice.tally:,} in the tally."
        for choice in audit.choices
        if not choice.ledger == choice.votes == choice.tally
    ]


def _queue_problems(queue: Queue) -> Iterator[str]:
    if queue.node is None:
        entries = queue.ballots + queue.rejected
        yield f"Queue {queue.queue} is unknown, and the ledger has {entries:,} entries of it."
        return
    assert queue.seen_at is not None
    if not queue.ended:
        seen = queue.seen_at.astimezone(UTC).strftime("%H:%M:%S UTC")
        yield (
            f"{queue.name} has not been seen closed since it is to take no more votes, so it may "
            f"hold more than the {queue.entries_added:,} entries that it reported: last seen at "
            f"{seen}. Its node is away, or no worker reaches it."
        )
    if queue.waiting:
        yield f"{queue.name} holds {queue.waiting:,} ballots that are not in the store."
    if queue.missing:
        yield (
            f"{queue.name} received {queue.entries_added:,} entries: {queue.ballots:,} are in "
            f"ballots, {queue.rejected:,} in rejected, {queue.waiting:,} in backlog. The "
            f"difference is {queue.missing:,}."
        )
    if queue.shortfall:
        yield (
            f"{queue.name} has lost entries: it once reported {queue.shortfall:,} less than "
            "before, as a disk does that lied, or that is an older copy."
        )
    if queue.collisions:
        yield (
            f"{queue.name} gave {queue.collisions:,} entries under the ids of others that are in "
            "the ledger, so they are in no count."
        )


def certificate(audit: Audit) -> dict[str, Any]:
    """The certificate of an audit without problems, but for the digest: a pure function of it.

    It shows no voter, and of each ballot nothing but what the digest over all of them hides.
    """
    votes = {choice.key: choice.ledger for choice in audit.choices}
    voters = sum(votes.values())
    ballots = sum(queue.ballots for queue in audit.queues)
    rejected = sum(queue.rejected for queue in audit.queues)
    reasons: Counter[str] = Counter()
    for part in sorted(audit.rejected, key=lambda part: part.reason):
        reasons[part.reason] += part.entries
    return {
        "version": 2,
        "poll": audit.id,
        "title": audit.title,
        "question": audit.question,
        "opened_at": _text(audit.opened_at),
        "closes_at": _text(audit.closes_at),
        "closed_at": _text(audit.closed_at),
        "received": ballots + rejected,
        "rejected": rejected,
        "ballots": ballots,
        "changed_votes": sum(choice.changed for choice in audit.choices),
        "repeated_votes": sum(choice.repeated for choice in audit.choices),
        "voters": voters,
        "test_votes": votes.get(TEST_KEY, 0),
        "votes": voters - votes.get(TEST_KEY, 0),
        "choices": [
            {"key": choice.key, "text": choice.text, "votes": choice.ledger}
            for choice in audit.choices
            if choice.key != TEST_KEY
        ],
        "rejected_reasons": dict(reasons),
        "queues": [
            {
                "queue": queue.queue,
                "node": queue.node,
                "received": queue.entries_added,
                "ballots": queue.ballots,
                "rejected": queue.rejected,
                "waiting": queue.waiting,
            }
            for queue in audit.queues
        ],
        "first_cast": _text(_from_us(audit.first_cast_us)),
        "last_cast": _text(_from_us(audit.last_cast_us)),
        "first_stored": _text(audit.first_stored),
        "last_stored": _text(audit.last_stored),
    }


def as_version_1(certificate: dict[str, Any]) -> dict[str, Any]:
    """What Landslide 1.0 would have certified: it told no repeated votes from changed ones."""
    new = ("poll", "repeated_votes")
    return {key: value for key, value in certificate.items() if key not in new} | {
        "version": 1,
        "changed_votes": certificate["changed_votes"] + certificate["repeated_votes"],
    }


def differences(theirs: object, ours: object, where: str = "") -> list[str]:
    """A line for each place where a certificate differs from the one made now."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return [
            line
            for key in sorted(theirs.keys() | ours.keys())
            for line in differences(theirs.get(key), ours.get(key), f"{where}{key} ")
        ]
    if isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        pairs = enumerate(zip(theirs, ours, strict=True), start=1)
        return [line for n, pair in pairs for line in differences(*pair, f"{where}{n} ")]
    if theirs == ours:
        return []
    return [f"{where.strip()}: the certificate says {theirs}, the database {ours}."]


def _from_us(microseconds: int | None) -> datetime | None:
    """From microseconds since the Unix epoch; worker/ballots.py lets in the years 2001 to 2286."""
    if microseconds is None:
        return None
    seconds, rest = divmod(microseconds, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)


def _text(time: datetime | None) -> str | None:
    if time is None:
        return None
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
