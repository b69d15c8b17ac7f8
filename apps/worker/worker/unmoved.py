"""Tells what has not moved for a while, by the clock of this process alone."""

import time
from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

Thing = TypeVar("Thing", bound=Hashable)


class Unmoved:
    """Looks at things again and again, and finds those that were there for `seconds`.

    The clock never jumps. Redis keeps such times by its machine's clock, which may: what was read
    while that clock was an hour ahead is young for an hour.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._since: dict[Hashable, float] = {}

    def find(self, things: Iterable[Thing]) -> list[Thing]:
        """Those that have been in `things` at each call for `seconds`."""
        now = self._clock()
        self._since = {thing: self._since.get(thing, now) for thing in things}
        return [thing for thing in things if now - self._since[thing] >= self._seconds]
