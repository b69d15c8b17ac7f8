"""From what the store holds to a certificate, or to what is wrong with it. Pure, no I/O."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

# A vote that proves a deployment: counted in its own row, and no part of the result.
TEST_KEY = "test"


@dataclass(frozen=True)
class Queue:
    """A queue that may have taken votes. `node` is None for one that was never registered, with
    None for all that only a registered one has; it is empty where no ballot has named it. A queue
    with `retired_at` was told then to take no more votes."""

    queue: str
    node: str | None
    seen_at: datetime | None
    retired_at: datetime | None
    intake_open: bool | None
    entries_added: int | None
    waiting: int | None
    ballots: int
    rejected: int
    missing: int | None


@dataclass(frozen=True)
class Choice:
    """A choice with its votes: as counted anew from the ledger, in `votes`, and in `tally`."""

    key: str
    text: str
    ledger: int
    votes: int
    tally: int


@dataclass(frozen=True)
class Books:
    """Everything that a certificate is made from, but the digest; as of one moment."""

    queues: tuple[Queue, ...]
    choices: tuple[Choice, ...]
    reasons: dict[str, int]
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


def problems(books: Books) -> list[str]:
    """A sentence for everything that does not add up; none, and there can be a certificate."""
    if books.closed_at is None:
        return [f"The poll is {'open' if books.state == 'open' else 'not open yet'}."]
    found = [
        sentence for queue in books.queues for sentence in _queue_problems(queue, books.closed_at)
    ]
    return found + [
        f"Choice {choice.key} has {choice.ledger:,} votes by the ledger, {choice.votes:,} in the "
        f"table votes, and {choice.tally:,} in the tally."
        for choice in books.choices
        if not choice.ledger == choice.votes == choice.tally
    ]


def _queue_problems(queue: Queue, closed_at: datetime) -> Iterator[str]:
    if queue.node is None:
        entries = queue.ballots + queue.rejected
        yield f"Queue {queue.queue} is unknown, and the ledger has {entries:,} entries of it."
        return
    assert queue.seen_at is not None and queue.missing is not None and queue.waiting is not None
    name = f"Queue {queue.queue} on {queue.node or 'a node that no ballot has named'}"
    if queue.intake_open or queue.seen_at <= (queue.retired_at or closed_at):
        seen = queue.seen_at.astimezone(UTC).strftime("%H:%M:%S UTC")
        yield (
            f"{name} has not been seen closed, so it may hold more ballots: last seen at {seen}. "
            "Its node is away, or no worker reaches it."
        )
    if queue.waiting:
        yield f"{name} holds {queue.waiting:,} ballots that are not in the store."
    if queue.missing:
        yield (
            f"{name} was given {queue.entries_added:,} entries: {queue.ballots:,} are in ballots, "
            f"{queue.rejected:,} in rejected, {queue.waiting:,} wait. The difference is "
            f"{queue.missing:,}."
        )


def certificate(books: Books, sha256: str) -> dict[str, Any]:
    """The certificate of books without problems; the same from the same books, always.

    It shows no voter, and of each ballot nothing but what the digest over all of them hides.
    """
    votes = {choice.key: choice.ledger for choice in books.choices}
    voters = sum(votes.values())
    ballots = sum(queue.ballots for queue in books.queues)
    rejected = sum(queue.rejected for queue in books.queues)
    return {
        "version": 1,
        "title": books.title,
        "question": books.question,
        "opened_at": _text(books.opened_at),
        "closes_at": _text(books.closes_at),
        "closed_at": _text(books.closed_at),
        "received": ballots + rejected,
        "rejected": rejected,
        "ballots": ballots,
        "changed_votes": ballots - voters,
        "voters": voters,
        "test_votes": votes.get(TEST_KEY, 0),
        "votes": voters - votes.get(TEST_KEY, 0),
        "choices": [
            {"key": choice.key, "text": choice.text, "votes": choice.ledger}
            for choice in books.choices
            if choice.key != TEST_KEY
        ],
        "rejected_reasons": books.reasons,
        "queues": [
            {
                "queue": queue.queue,
                "node": queue.node,
                "received": queue.entries_added,
                "ballots": queue.ballots,
                "rejected": queue.rejected,
                "waiting": queue.waiting,
            }
            for queue in books.queues
        ],
        "first_cast": _text(_from_us(books.first_cast_us)),
        "last_cast": _text(_from_us(books.last_cast_us)),
        "first_stored": _text(books.first_stored),
        "last_stored": _text(books.last_stored),
        "ledger_sha256": sha256,
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
