"""When to look: events are a hint, the tick is the truth."""

import logging
import queue
import time
from collections.abc import Callable

from .swarm import SwarmError

log = logging.getLogger(__name__)

RECONNECT_PAUSE = 1.0


class Bell:
    """Rung by events and signals, from any thread or signal handler."""

    def __init__(self) -> None:
        # SimpleQueue.put may be called from a signal handler; Event.set and Queue.put may not.
        self._rings: queue.SimpleQueue[bool] = queue.SimpleQueue()

    def ring(self) -> None:
        """Something may have changed."""
        self._rings.put(True)

    def stop(self) -> None:
        """No further round."""
        self._rings.put(False)

    def wait(self, tick: float, least: float, longest: float) -> bool:
        """Wait for the next round; False to leave. All in seconds.

        Comes back after `tick` without a ring; else when the rings have paused for `least`,
        and `longest` after the first ring at the latest.
        """
        pause = tick
        deadline = time.monotonic() + tick + longest
        while True:
            try:
                if not self._rings.get(timeout=pause):
                    return False
            except queue.Empty:
                return True
            deadline = min(deadline, time.monotonic() + longest)
            pause = max(0.0, min(least, deadline - time.monotonic()))
            if pause == 0.0:
                return True


def follow(
    listen: Callable[[Callable[[], None]], None], bell: Bell, pause: Callable[[float], object]
) -> None:
    """Listen again and again, for ever: for a thread of its own. `listen` is Swarm.follow."""
    reported = ""
    while True:
        try:
            listen(bell.ring)
            reported = ""
        except SwarmError as error:
            # Not every second for as long as it lasts.
            if str(error) != reported:
                reported = str(error)
                log.warning("events: %s", error)
        pause(RECONNECT_PAUSE)
