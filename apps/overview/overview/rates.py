"""Ballots a second, from totals at several moments."""

from collections import deque
from collections.abc import Mapping

SPAN_SECONDS = 10.0


class Rates:
    """The totals of the last seconds, by name."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, Mapping[str, int]]] = deque()

    def note(self, now: float, totals: Mapping[str, int]) -> None:
        """Totals at `now`, in seconds of a clock that never goes back."""
        self._looks.append((now, totals))
        while len(self._looks) > 2 and self._looks[1][0] <= now - SPAN_SECONDS:
            self._looks.popleft()

    def of(self, name: str) -> float | None:
        """How much was added a second, lately; None where that is not known: before the second
        look, and where there is less than before, as in a store that begins anew."""
        if len(self._looks) < 2:
            return None
        (then, before), (now, after) = self._looks[0], self._looks[-1]
        added = after.get(name, 0) - before.get(name, 0)
        return None if added < 0 else added / (now - then)
