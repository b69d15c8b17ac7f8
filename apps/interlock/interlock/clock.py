"""Whether this load balancer's clock is right, and whether it should leave voters to another. Pure.

Which of a voter's choices is the latest is decided by the time at which a load balancer received
them, so its clock has to be right. It is compared with the managers', of whom most are right.
"""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass

# Seconds that a clock may differ from the managers'. Who drains comes back below half of it: a
# clock that is off by just that much changes nothing with every look.
LIMIT = 1.0
# A slower answer could be wrong by half of the time that it took.
SLOWEST_ANSWER = 1.0
# Looks in a row that want a change before it is made. In the first of them the others read here
# that this clock is wrong: two that are both wrong are found out before either drains.
LOOKS = 3


@dataclass(frozen=True)
class Sample:
    """A manager's answer. `began` and `manager` are in seconds since the epoch, by our clock and by
    the manager's; it `took` so many seconds."""

    began: float
    took: float
    manager: float


@dataclass(frozen=True)
class Balancer:
    """Another load balancer: its `offset` in seconds, None where it does not know it, and whether
    it serves voters."""

    offset: float | None
    serves: bool


def offset(samples: Iterable[Sample]) -> float | None:
    """Seconds by which the managers are ahead of us, the median; None where nobody can tell."""
    known = [
        sample.manager - (sample.began + sample.took / 2)
        for sample in samples
        if 0 <= sample.took <= SLOWEST_ANSWER
    ]
    return statistics.median(known) if known else None


class Decision:
    """Whether to drain. `draining` is what holds since the last look."""

    def __init__(self, draining: bool) -> None:
        self.draining = draining
        self._looks = 0

    def look(self, own: float | None, others: Iterable[Balancer]) -> bool:
        """The new state, from our own offset and what the other load balancers say."""
        limit = LIMIT / 2 if self.draining else LIMIT
        wrong = own is not None and abs(own) > limit
        other = any(
            balancer.serves and balancer.offset is not None and abs(balancer.offset) <= LIMIT
            for balancer in others
        )
        self._looks = self._looks + 1 if (wrong and other) != self.draining else 0
        if self._looks >= LOOKS:
            self.draining = not self.draining
            self._looks = 0
        return self.draining
