"""When which fault begins and ends. Pure: the same seed, the same schedule."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from .faults import Fault

# Voters vote a little before the first fault and after the last one, for comparison.
QUIET_SECONDS = 2.0
SHORTEST = 1.0


@dataclass(frozen=True)
class Planned:
    """A fault, and the seconds since the first vote at which it begins and ends."""

    fault: Fault
    begins: float
    ends: float


def draw(seed: int, faults: Sequence[Fault], most: int, seconds: int) -> list[Planned]:
    """Return one to `most` different faults at random times within `seconds`, in their order."""
    random = Random(seed)
    chosen = random.sample(faults, min(len(faults), random.randint(1, most)))
    planned = []
    for fault in chosen:
        begins = random.uniform(QUIET_SECONDS, seconds - QUIET_SECONDS - SHORTEST)
        ends = random.uniform(begins + SHORTEST, seconds - QUIET_SECONDS)
        planned.append(Planned(fault, round(begins, 1), round(ends, 1)))
    return sorted(planned, key=lambda plan: plan.begins)
