"""Compares what voters were answered with the ledger. Pure."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

from landslide_tools.load_client.record import Vote

from .order import Order, Standing


class Ballot(NamedTuple):
    """A row of the ledger, times in microseconds since the epoch.

    `entry` is the writer's name and its number of the entry; empty for one of version 1.0.0, which
    has neither.
    """

    voter: str
    choice: str
    cast: int
    stored: int
    entry: str = ""


class Counted(NamedTuple):
    """A row of the votes: what counts for a voter."""

    voter: str
    choice: str
    cast: int


@dataclass(frozen=True)
class Verdict:
    """Numbers of votes. Whatever was sent is one of the five after it, and only one."""

    sent: int
    acknowledged: int
    refused: int
    in_doubt: int
    abandoned: int
    asked: int
    """Votes of which the voter was asked whether they are to count. Nobody of the load client's
    presses on an old page: it should be none."""
    voters: int
    """Voters who have a vote that counts."""
    extra: int
    """Ballots beyond the first of each receipt: what the load balancer sent to a second frontend,
    and votes without a receipt that were stored all the same. Each voter has one that counts."""
    lost: int
    """Receipts whose ballots are not in the ledger, and voters with a receipt for whom nothing
    counts."""
    doubled: int
    """Votes too many: of a voter who has more than one, or of a frontend's entry that is in the
    ledger more than once."""
    ghosts: int
    """Ballots that nobody has sent: of another voter or choice, or of more cast times than there
    were votes: whoever sends a vote once has one, however often it is repeated on its way."""
    stale: int
    """Voters for whom something counts that is certainly older than a vote that has a receipt."""
    ambiguous: int
    """Voters for whom something counts that overlaps with a vote that has a receipt: which of the
    two is the last cannot be told from outside. They are neither right nor stale."""

    @property
    def clean(self) -> bool:
        """Whether every vote was counted exactly once."""
        return not (self.lost or self.doubled or self.ghosts or self.stale)

    def as_dict(self) -> dict[str, int]:
        """Return the numbers by their names."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def compare(
    votes: Sequence[Vote],
    ledger: Sequence[Ballot],
    counted: Sequence[Counted],
    order: Order | None = None,
) -> Verdict:
    """Compare all votes of a run with all ballots that were stored since it began.

    `counted` is what counts for the voters of those ballots. Whatever else is in the store, from
    before or of the choice that proves a deployment, must not be in either.
    """
    receipts = Counter((vote.voter, vote.choice, vote.cast) for vote in votes if vote.acknowledged)
    stored = Counter((ballot.voter, ballot.choice, ballot.cast) for ballot in ledger)
    entries = Counter(ballot.entry or ballot[:3] for ballot in ledger)
    casts = Counter((voter, choice) for voter, choice, _ in stored)
    pressed = Counter((vote.voter, vote.choice) for vote in votes if not vote.asked)
    rows = Counter(row.voter for row in counted)
    known = sum(number for ballot, number in stored.items() if ballot[:2] in pressed)
    # Two presses of one choice within a millisecond, the edge's unit, have the same receipt.
    missing = receipts - stored
    uncounted = {receipt[0] for receipt in receipts} - rows.keys() - {gone[0] for gone in missing}
    standings = _standings(votes, counted, order or Order())
    in_doubt = sum(vote.in_doubt for vote in votes)
    asked = sum(vote.asked for vote in votes)
    abandoned = sum(vote.abandoned for vote in votes)
    return Verdict(
        sent=len(votes),
        acknowledged=receipts.total(),
        refused=len(votes) - receipts.total() - in_doubt - asked - abandoned,
        in_doubt=in_doubt,
        abandoned=abandoned,
        asked=asked,
        voters=len(rows),
        extra=known - (receipts & stored).total(),
        lost=missing.total() + len(uncounted),
        doubled=rows.total() - len(rows) + entries.total() - len(entries),
        ghosts=(casts - pressed).total(),
        stale=standings[Standing.STALE],
        ambiguous=standings[Standing.AMBIGUOUS],
    )


def _standings(
    votes: Sequence[Vote], counted: Sequence[Counted], order: Order
) -> Counter[Standing]:
    sent: dict[str, list[Vote]] = defaultdict(list)
    for vote in votes:
        sent[vote.voter].append(vote)
    rows = {row.voter: row for row in counted}
    return Counter(order.standing(row.choice, row.cast, sent[voter]) for voter, row in rows.items())
