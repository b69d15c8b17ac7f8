"""Votes per minute over time, as a curve. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

LEAST_MINUTES = 15
MOST_MINUTES = 120


class Minute(NamedTuple):
    """When it began, in seconds since the Unix epoch; who voted in it, and the longest delay in
    seconds until one of these votes was counted."""

    start: int
    votes: int
    delay: float


@dataclass(frozen=True)
class Chart:
    """The minutes up to a moment. `path` is of SVG, one unit a minute wide and 100 units high."""

    width: int
    path: str
    first: datetime
    last: datetime
    peak: int
    peak_at: datetime

    @classmethod
    def of(cls, minutes: Sequence[Minute], end: int) -> "Chart | None":
        """A chart that ends at `end`, in seconds since the Unix epoch; none without any votes.

        Minutes that a fast clock has put after the end are drawn, too.
        """
        if not minutes:
            return None
        last = max(end // 60 * 60, minutes[-1].start)
        width = (last - minutes[0].start) // 60 + 1
        width = min(max(width, LEAST_MINUTES), MOST_MINUTES)
        first = last - (width - 1) * 60
        drawn = [minute for minute in minutes if minute.start >= first]
        peak = max(drawn, key=lambda minute: minute.votes, default=Minute(last, 0, 0))
        bars = (
            f"M{(minute.start - first) // 60} 100v-{100 * minute.votes / peak.votes:.4g}h1V100z"
            for minute in drawn
        )
        return cls(
            width, "".join(bars), moment(first), moment(last), peak.votes, moment(peak.start)
        )


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
