"""A task that moves the ballots of one queue into the store.

Nothing is held here that is not pending in Redis: whatever goes wrong, the task drops its
connection, waits a little, and starts over with the entries it was given and has not let go of.
"""

import asyncio
import logging
import random
import time
from contextlib import closing

from hiredis import HiredisError

from worker.queue import Queue
from worker.session import Session, Shared
from worker.store import Refused
from worker.waiting import came

log = logging.getLogger(__name__)

FIRST_DELAY, LONGEST_DELAY = 0.2, 5.0


class Reader:
    """Reads the queue at `address` from its construction on, until `stop` is called.

    `session` is what it knows of the queue, or None. `unreached` says that it tries to reach the
    queue, and could not when it last did. The task ends with an error of the store's, or by `stop`.
    """

    def __init__(self, address: str, shared: Shared) -> None:
        self.session: Session | None = None
        self.unreached = False
        self._address = address
        self._shared = shared
        self._stopping = asyncio.Event()
        self.task = asyncio.create_task(self._run())

    def stop(self) -> None:
        """Finish the batch in hand, then leave. Returns at once; await the task to wait for it."""
        self._stopping.set()

    async def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            started = time.monotonic()
            try:
                await self._read_queue()
            except (HiredisError, OSError, ValueError, Refused) as error:
                # Another worker would be refused the same.
                self.unreached = not isinstance(error, Refused)
                failures = failures + 1 if time.monotonic() - started < LONGEST_DELAY else 1
                delay = backoff(failures)
                told = " ".join(str(error).split()) or type(error).__name__
                log.warning("queue %s: %s; again in %.1f s", self._address, told, delay)
                await came(self._stopping, delay)
        log.info("queue %s: left", self._address)

    async def _read_queue(self) -> None:
        with closing(await Queue.connect(self._address, self._shared.config)) as queue:
            identity = await queue.identity()
            store, call = self._shared.store, self._shared.aside.call
            sorter = await call(store.register, identity)
            states = await call(store.intake_states, [identity])
            log.info("queue %s: reading %s", self._address, identity)
            self.unreached = False
            self.session = Session(self._address, queue, identity, sorter, self._shared)
            self.session.told(states[identity], 0)
            try:
                await self.session.run(self._stopping)
            finally:
                self.session = None


def backoff(failures: int) -> float:
    """Seconds to wait after so many failures in a row, longer each time, and never all alike.

    When a server comes back, not all must come to it at once.
    """
    most = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(failures - 1, 10))
    return random.uniform(most / 2, most)
