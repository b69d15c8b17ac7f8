"""Finds the queues that the service's name resolves to, and keeps the store fed from them."""

import asyncio
import logging
import socket
import time
from collections.abc import Callable

import psycopg2
from common.heartbeat import Heartbeat

from worker.aside import Aside
from worker.config import Config
from worker.feed import Feed
from worker.reader import LONGEST_DELAY, backoff
from worker.waiting import came

log = logging.getLogger(__name__)


def resolve(host: str) -> set[str]:
    """The IPv4 addresses of a name, each once; raises OSError where it has none."""
    return {str(info[4][0]) for info in socket.getaddrinfo(host, None, socket.AF_INET)}


class Supervisor:
    """The whole of a worker."""

    def __init__(self, config: Config, lookup: Callable[[str], set[str]] = resolve) -> None:
        self._config = config
        self._lookup = lookup
        self._addresses: set[str] = set()
        self._feed: Feed | None = None
        self._lost = False
        self._heartbeat = Heartbeat()

    async def run(self, stopping: asyncio.Event) -> None:
        """Run until `stopping` is set; then finish the batches in hand."""
        names = Aside("names")
        feeding = asyncio.create_task(self._keep_feeding(stopping))
        while not (stopping.is_set() or feeding.done()):
            await self._follow(names)
            self._heartbeat.beat()
            await came(stopping, self._config.resolve_interval)
        await feeding

    async def _keep_feeding(self, stopping: asyncio.Event) -> None:
        """Feed the store whenever it can be reached."""
        aside = Aside("store")
        failures = 0
        while not stopping.is_set():
            started = time.monotonic()
            try:
                self._feed = await Feed.connect(self._config, aside)
                self._feed.follow(self._addresses)
                await self._feed.run(stopping)
            except (psycopg2.Error, OSError) as error:
                self._feed = None
                failures = failures + 1 if time.monotonic() - started < LONGEST_DELAY else 1
                delay = backoff(failures)
                log.warning("store: %s; again in %.1f s", " ".join(str(error).split()), delay)
                await came(stopping, delay)
        log.info("left")

    async def _follow(self, names: Aside) -> None:
        try:
            self._addresses = await names.call(self._lookup, self._config.queue_host)
            self._lost = False
            if self._feed:
                self._feed.follow(self._addresses)
        except OSError as error:
            # No answer is no news: a queue that can be read is read on.
            if not self._lost:
                log.warning("%s: %s", self._config.queue_host, error)
            self._lost = True
