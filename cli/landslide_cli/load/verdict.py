"""Compares what voters were told with what the ledger holds. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

from .records import Vote


class Ballot(NamedTuple):
    """A row of the ledger, times in microseconds since the epoch."""

    voter: str
    choice: str
    cast: int
    stored: int


class Counted(NamedTuple):
    """A row of the votes: what counts for a voter."""

    voter: str
    choice: str
    cast: int


@dataclass(frozen=True)
class Verdict:
    """Numbers of votes. What was sent is acknowledged, refused or in doubt, and nothing else."""

    sent: int
    acknowledged: int
    refused: int
    in_doubt: int
    voters: int
    """Voters who have a vote that counts."""
    extra: int
    """Ballots that belong to no receipt: votes in doubt or refused that were stored all the same,
    and what the load balancer sent to a second frontend. Each counts for its voter, once."""
    lost: int
    """Votes that were acknowledged and are not in the ledger."""
    doubled: int
    """Votes too many: of a voter who has more than one, or of a receipt that is in the ledger
    more than once."""
    ghosts: int
    """Ballots in the ledger that nobody has sent."""
    stale: int
    """Voters for whom something older counts than the last that they were thanked for."""

    @property
    def clean(self) -> bool:
        """Whether every vote was counted exactly once."""
        return not (self.lost or self.doubled or self.ghosts or self.stale)

    def as_dict(self) -> dict[str, int]:
        """Return the numbers by their names."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def compare(votes: Sequence[Vote], ledger: Sequence[Ballot], counted: Sequence[Counted]) -> Verdict:
    """Compare all votes of a run with all ballots that were stored since it began.

    `counted` is what counts for the voters of those ballots. Whatever else is in the store, from
    before or of the choice that proves a deployment, must not be in either.
    """
    receipts = Counter((vote.voter, vote.choice, vote.cast) for vote in votes if vote.acknowledged)
    stored = Counter((ballot.voter, ballot.choice, ballot.cast) for ballot in ledger)
    rows = Counter(vote.voter for vote in counted)
    counts = {vote.voter: (vote.cast, vote.choice) for vote in counted}
    sent = {(vote.voter, vote.choice) for vote in votes}
    told: dict[str, tuple[int, str]] = {}
    for voter, choice, cast in receipts:
        told[voter] = max(told.get(voter, (0, "")), (cast, choice))
    in_doubt = sum(vote.in_doubt for vote in votes)
    return Verdict(
        sent=len(votes),
        acknowledged=receipts.total(),
        refused=len(votes) - receipts.total() - in_doubt,
        in_doubt=in_doubt,
        voters=len(rows),
        extra=sum(ballot not in receipts and ballot[:2] in sent for ballot in stored),
        lost=(receipts - Counter(stored.keys())).total(),
        doubled=rows.total() - len(rows) + stored.total() - len(stored),
        ghosts=sum(ballot[:2] not in sent for ballot in stored),
        stale=sum(is_stale(counts.get(voter), last) for voter, last in told.items()),
    )


def is_stale(counts: tuple[int, str] | None, told: tuple[int, str]) -> bool:
    """Say whether what counts, (cast time, choice), is not what the voter was told last.

    A later ballot may count: a vote in doubt. A voter of whom nothing counts is a lost vote.
    """
    return counts is not None and counts[0] <= told[0] and counts != told
