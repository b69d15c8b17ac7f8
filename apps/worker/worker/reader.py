"""A thread that moves the ballots of one queue into the store.

Nothing is held here that is not pending in Redis: whatever goes wrong, the thread drops both
connections, waits a little, and starts over with the entries it was given and has not let go of.
"""

import logging
import random
import threading
import time
from contextlib import closing

import psycopg2
import redis

from worker.config import Config
from worker.queue import Queue
from worker.session import Session
from worker.store import Store

log = logging.getLogger(__name__)

FIRST_DELAY, LONGEST_DELAY = 0.2, 5.0


class Reader(threading.Thread):
    """Reads the queue at `address` until `stop` is called."""

    def __init__(self, address: str, config: Config) -> None:
        # Daemon: one that hangs in a dead connection cannot hold up the end of the process.
        super().__init__(name=f"queue {address}", daemon=True)
        self._address = address
        self._config = config
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Finish the batch in hand, then leave. Returns at once; join to wait for it."""
        self._stopping.set()

    def run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            started = time.monotonic()
            try:
                self._read_queue()
            except (redis.RedisError, psycopg2.Error, OSError, ValueError) as error:
                failures = failures + 1 if time.monotonic() - started < LONGEST_DELAY else 1
                delay = backoff(failures)
                log.warning("%s; again in %.1f s", " ".join(str(error).split()), delay)
                self._stopping.wait(delay)
        log.info("left")

    def _read_queue(self) -> None:
        with closing(Queue(self._address, self._config)) as queue:
            identity = queue.identity()
            with closing(Store.connect(self._config, identity)) as store:
                log.info("reading %s", identity)
                Session(queue, store, self._config).run(self._stopping)


def backoff(failures: int) -> float:
    """Seconds to wait after so many failures in a row, longer each time, and never all alike.

    When Postgres comes back, the readers must not come all at once.
    """
    most = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(failures - 1, 10))
    return random.uniform(most / 2, most)
