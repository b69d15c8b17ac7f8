"""Stores what was read from many queues in one transaction after another."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from worker.aside import Aside
from worker.ballots import Batch
from worker.store import Refused, Store

# A merge costs the store some milliseconds, however small it is: where few votes come, wait for
# more of them. The tally is shown once a second.
GATHER_SECONDS = 0.5


@dataclass(frozen=True)
class Part:
    """A batch of one queue that waits to be stored; `more` says that the queue has more of it."""

    queue: UUID
    batch: Batch
    more: bool
    stored: "asyncio.Future[None]"

    @property
    def entries(self) -> int:
        return len(self.batch.accepted) + len(self.batch.rejected)


class Merger:
    """Merges what `merge` is given by the tasks of all queues while the merge before goes on."""

    def __init__(self, store: Store, aside: Aside, batch_size: int) -> None:
        self._store = store
        self._aside = aside
        self._batch_size = batch_size
        self._waiting: list[Part] = []
        self._some, self._enough = asyncio.Event(), asyncio.Event()

    async def merge(self, queue: UUID, batch: Batch, *, more: bool) -> None:
        """Return once the batch is on disk, and counted once.

        Raises Refused where the store is well, and does not take this batch.
        """
        part = Part(queue, batch, more, asyncio.get_running_loop().create_future())
        self._waiting.append(part)
        self._some.set()
        if more or sum(part.entries for part in self._waiting) >= self._batch_size:
            self._enough.set()
        await part.stored

    async def run(self) -> None:
        """Merge for ever. Raises psycopg2.Error, and leaves unanswered what is in hand then."""
        while True:
            await self._some.wait()
            due = time.monotonic() + GATHER_SECONDS
            parts = self._take()
            await self._store_parts(parts)
            if not any(part.more for part in parts):
                with suppress(TimeoutError):
                    async with asyncio.timeout(due - time.monotonic()):
                        await self._enough.wait()

    def _take(self) -> list[Part]:
        """A batch's worth of what waits, and of each queue one part: entries may be in two."""
        taken: dict[UUID, Part] = {}
        left: list[Part] = []
        entries = 0
        for part in self._waiting:
            if entries < self._batch_size and part.queue not in taken:
                taken[part.queue] = part
                entries += part.entries
            else:
                left.append(part)
        self._waiting = left
        if not left:
            self._some.clear()
            self._enough.clear()
        return list(taken.values())

    async def _store_parts(self, parts: list[Part]) -> None:
        """Store all at once or, where the store refuses that, each alone: one spoils no other."""
        refused = None
        try:
            await self._aside.call(self._store.merge, {part.queue: part.batch for part in parts})
        except Refused as error:
            refused = error
        if refused and len(parts) > 1:
            for part in parts:
                await self._store_parts([part])
            return
        for part in parts:
            # Where nobody waits any more, its entries are delivered again, and known.
            if part.stored.done():
                continue
            if refused:
                part.stored.set_exception(refused)
            else:
                part.stored.set_result(None)
