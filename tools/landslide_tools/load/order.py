"""The order in which the load balancers received a voter's votes, as far as it is certain. Pure.

What counts for a voter is the vote that the edge received last. From outside only this is known: a
vote is received after it was sent, and, by a load balancer that is well, within the skew after
that. So what was sent more than the skew later was received later. What was sent with a cookie that
knew of the answer to a vote is later, whatever the clocks say: the frontend has to see to it. All
else overlaps: nobody outside can tell which of the two is the last.
"""

from collections.abc import Collection, Sequence
from enum import Enum

from landslide_tools.load_client.record import Vote

# Where two cores carry all of a lab, HAProxy was seen to read a vote 124 ms after it was sent, and
# to stamp one with the time of 120 ms before.
SKEW_MILLISECONDS = 500


class Standing(Enum):
    """What is to be said of the vote that counts for a voter."""

    RIGHT = "it may count: it is not older than any vote that has a receipt"
    AMBIGUOUS = "it overlaps with a vote that has a receipt"
    STALE = "it is certainly older than a vote that has a receipt"
    UNKNOWN = "nobody has sent it"


class Order:
    """Tells which of two votes was received first.

    `skew` is in milliseconds: by how much load balancers' clocks may differ, and how long one may
    take to read what was sent. The load balancers with the addresses `unsure` were stopped or had
    a wrong clock meanwhile: of what they received, the time does not tell when.
    """

    def __init__(
        self, skew: float = SKEW_MILLISECONDS, unsure: Collection[str] = frozenset()
    ) -> None:
        self._skew = skew * 1000
        self._unsure = frozenset(unsure)

    def before(self, one: Vote, other: Vote) -> bool:
        """Whether `one` was certainly received before `other`, a vote of the same voter."""
        # The times alone would not do: two votes that overlap may have one cast time.
        answered = one.acknowledged and one.sent + one.took <= other.sent
        if answered and other.known >= one.cast:
            return True
        if one.balancer in self._unsure or other.balancer in self._unsure:
            return False
        return other.sent > one.sent + self._skew

    def standing(self, choice: str, cast: int, votes: Sequence[Vote]) -> Standing:
        """What is to be said of a choice, with its cast time, that counts for who sent `votes`."""
        acknowledged = [vote for vote in votes if vote.acknowledged]
        same = [vote for vote in votes if vote.choice == choice and not vote.asked]
        # A vote without a receipt may be any of those; where there is none, a vote that has a
        # receipt was cast once more.
        counts = (
            [vote for vote in same if vote.acknowledged and vote.cast == cast]
            or [vote for vote in same if not vote.acknowledged]
            or same
        )
        if not counts:
            return Standing.UNKNOWN
        if all(any(self.before(one, other) for other in acknowledged) for one in counts):
            return Standing.STALE
        if all(other is one or self.before(other, one) for one in counts for other in acknowledged):
            return Standing.RIGHT
        return Standing.AMBIGUOUS
