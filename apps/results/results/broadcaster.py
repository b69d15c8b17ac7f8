"""The figures on show: one reader looks at the store once a second, all viewers look here."""

import asyncio
import logging
import random
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime

import psycopg2

from results.figures import Figures
from results.renderer import Renderer
from results.viewers import Viewers

log = logging.getLogger(__name__)

READ_SECONDS = 1.0
# After that long without an answer the figures are called old, and the app unhealthy.
STALE_SECONDS = 5.0
# Proves to proxies and browsers that the connection lives.
REPEAT_SECONDS = 15.0
# A stream ends by itself, and the browser comes back: what was sent to a viewer who does not read
# is bounded by that, and viewers spread anew over the nodes. Not all at the same moment.
STREAM_SECONDS = (240.0, 300.0)
MAX_VIEWERS = 4000
# Of all viewers together: the more watch, the more seldom there is news. The app, and the load
# balancers that pass it on, have other things to do.
EVENTS_PER_SECOND = 1000


class Broadcaster:
    """The latest snapshot, and the viewers who wait for the next one."""

    def __init__(self, renderer: Renderer, read: Callable[[], Figures]) -> None:
        self._renderer = renderer
        self._read = read
        self._figures: Figures | None = None
        self._read_at = float("-inf")
        self._as_of = datetime.now(UTC)
        self._shown: tuple[Figures | None, float | None] | None = None
        self._shown_at = float("-inf")
        self.viewers = Viewers(MAX_VIEWERS)
        self.snapshot = renderer.render(None, self._as_of, None)

    @property
    def fresh(self) -> bool:
        """Whether the store has answered lately."""
        return self.age < STALE_SECONDS

    @property
    def age(self) -> float:
        """Seconds since the store last answered; infinite if it never has."""
        return time.monotonic() - self._read_at

    @property
    def certificate(self) -> Mapping[str, str]:
        """The files of the poll's certificate, by suffix; none before there is one."""
        return (self._figures and self._figures.certificate) or {}

    @property
    def has_figures(self) -> bool:
        return self._figures is not None

    async def run(self) -> None:
        """Read and show, once a second, until cancelled."""
        failing = False
        while True:
            try:
                self._figures = await asyncio.to_thread(self._read)
                self._as_of = datetime.now(UTC)
                self._read_at = time.monotonic()
                if failing:
                    log.warning("the store answers again")
                failing = False
            except (psycopg2.Error, OSError) as error:
                if not failing:
                    log.warning("the store does not answer: %s", " ".join(str(error).split()))
                failing = True
            self._show()
            await asyncio.sleep(READ_SECONDS)

    async def events(self, address: str, language: str) -> AsyncGenerator[bytes, None]:
        """Server-sent events: the snapshot of now, then each new one, for some minutes.

        A slow viewer misses snapshots and gets the latest: nothing is queued here for anybody.
        """
        end = time.monotonic() + random.uniform(*STREAM_SECONDS)
        with self.viewers.joined(address) as viewer:
            yield b"retry: 2000\n\n"
            while (left := end - time.monotonic()) > 0 and not viewer.dismissed:
                viewer.news.clear()
                yield self.snapshot.events[language]
                with suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await viewer.news.wait()

    def _show(self) -> None:
        age = None if self.fresh or not self.has_figures else self.age
        self.snapshot = self._renderer.render(self._figures, self._as_of, age)
        now = time.monotonic()
        waited = now - self._shown_at
        changed = (self._figures, age) != self._shown
        if waited >= (len(self.viewers) / EVENTS_PER_SECOND if changed else REPEAT_SECONDS):
            self._shown, self._shown_at = (self._figures, age), now
            self.viewers.wake()
