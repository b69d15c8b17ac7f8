"""From single votes to figures for each second of a run. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from landslide_tools.load_client.record import Vote

from .verdict import Ballot

SECOND = 1_000_000
PERCENTILES = (50, 95, 99)


def speed(votes: Sequence[Vote], lasted: float) -> dict[str, Any]:
    """Return how fast the votes of a run were taken: seconds, votes a second, milliseconds.

    The longest gap is the longest time in which nobody had a receipt, in seconds. The run goes on
    to its last answer, and for `lasted` seconds at least: who reaches nobody sends nothing.
    """
    acknowledged = [vote for vote in votes if vote.acknowledged]
    began = votes[0].sent
    ended = max(began + int(lasted * SECOND), *(vote.sent + vote.took for vote in votes))
    answered = [began, *sorted(vote.sent + vote.took for vote in acknowledged), ended]
    seconds = (ended - began) / SECOND
    took = sorted(vote.took / 1000 for vote in acknowledged)
    return {
        "seconds": seconds,
        "rate": len(acknowledged) / seconds if seconds else 0.0,
        "longest_gap": max(late - soon for soon, late in pairwise(answered)) / SECOND,
        "latency": {share: percentile(took, share) for share in PERCENTILES if took},
    }


@dataclass(frozen=True)
class Series:
    """A value for each second since the first vote was sent."""

    acknowledged: list[int]
    other: list[int]
    """Answers that were no receipt."""
    latency: dict[int, list[float | None]]
    """Milliseconds from sending a vote to its receipt, by percentile; by the second it was sent."""
    backlog: list[int]
    """Acknowledged ballots that were not in the ledger yet at the end of the second; below zero
    where more were stored whose voters did not have the answer yet."""
    lag: dict[int, list[float | None]]
    """Milliseconds from casting a ballot to the transaction that counts it, by percentile; by
    the second it was cast."""


def percentile(values: Sequence[float], share: int) -> float:
    """Return the nearest-rank percentile of `values`, which are sorted and not empty."""
    return values[max(0, -(-len(values) * share // 100) - 1)]


def percentiles(groups: Mapping[int, list[float]], seconds: int) -> dict[int, list[float | None]]:
    """Return the PERCENTILES of each of the first `seconds` groups, None for one that is empty."""
    ordered = [sorted(groups.get(second, ())) for second in range(seconds)]
    return {
        share: [percentile(values, share) if values else None for values in ordered]
        for share in PERCENTILES
    }


def by_second(pairs: Iterable[tuple[int, float]], start: int) -> dict[int, list[float]]:
    """Group values by the second, since `start`, of the time in microseconds that is with each."""
    groups: dict[int, list[float]] = {}
    for time, value in pairs:
        groups.setdefault((time - start) // SECOND, []).append(value)
    return groups


def series(votes: Sequence[Vote], ledger: Sequence[Ballot], window: float) -> Series:
    """Make the figures of a run with one vote or more, which took `window` seconds in all.

    All machines of a lab have one clock. Where one was set wrong on purpose, what cannot have been
    within the run is left out.
    """
    start = votes[0].sent
    acknowledged = [vote for vote in votes if vote.acknowledged]
    answered = sorted(vote.sent + vote.took for vote in acknowledged)
    stored_at = {(ballot.voter, ballot.cast): ballot.stored for ballot in ledger}
    stored = sorted(stored_at.get((vote.voter, vote.cast), 0) for vote in acknowledged)
    most = int(window * SECOND)
    stored = [time for time in stored if start <= time <= start + most]
    end = max([vote.sent + vote.took for vote in votes] + stored)
    seconds = (end - start) // SECOND + 1
    ends = [start + (second + 1) * SECOND for second in range(seconds)]
    good = by_second(((time, 1) for time in answered), start)
    other = by_second(
        ((vote.sent + vote.took, 1) for vote in votes if vote.status and not vote.acknowledged),
        start,
    )
    latency = by_second(((vote.sent, vote.took / 1000) for vote in acknowledged), start)
    lag = by_second(
        (
            (ballot.cast, (ballot.stored - ballot.cast) / 1000)
            for ballot in ledger
            if 0 <= ballot.stored - ballot.cast <= most
        ),
        start,
    )
    return Series(
        acknowledged=[len(good.get(second, ())) for second in range(seconds)],
        other=[len(other.get(second, ())) for second in range(seconds)],
        latency=percentiles(latency, seconds),
        backlog=[bisect_right(answered, time) - bisect_right(stored, time) for time in ends],
        lag=percentiles(lag, seconds),
    )
