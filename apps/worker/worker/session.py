"""Moving the ballots of one queue while the connections to it and to the store hold."""

import asyncio
import logging
import time
from dataclasses import dataclass
from uuid import UUID

from worker.allowance import Allowance
from worker.aside import Aside
from worker.ballots import Entry, Sorter
from worker.config import Config
from worker.merger import Merger
from worker.queue import CLOSED, OPEN, RETIRED, Figures, Queue
from worker.store import Report, Store
from worker.unmoved import Unmoved

log = logging.getLogger(__name__)

# Where to read a stream: first what a former life of this worker had read, then what is new.
PENDING, NEW = "0", ">"
# The states of Store.intake_states in which a queue takes no more votes, and its stream then.
ENDS = {"closed": CLOSED, "retired": RETIRED}
# Not by a read that blocks: it would keep its part of what may be in hand for as long.
POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Shared:
    """What the sessions of all queues share, as long as the connection to the store holds."""

    config: Config
    store: Store
    aside: Aside
    merger: Merger
    allowance: Allowance


class Session:
    """What is known of a queue, until something goes wrong; raises what Queue and Merger raise."""

    def __init__(
        self, address: str, queue: Queue, identity: UUID, sorter: Sorter, shared: Shared
    ) -> None:
        self.identity = identity
        self._seen: Report | None = None
        self._address = address
        self._queue = queue
        self._sorter = sorter
        self._shared = shared
        self._after: dict[str, str] = {}
        self._sender = ""
        self._unmoved = Unmoved(shared.config.claim_idle)
        self._state = ""
        self._most = 0
        self._look_due = False

    def told(self, state: str, most: int) -> None:
        """What the store says: what the queue should be, and the most entries it ever had, or 0."""
        self._state = state
        self._most = max(self._most, most)
        self._look_due = True

    def take_seen(self) -> Report | None:
        """What is to be reported, once."""
        seen, self._seen = self._seen, None
        return seen

    async def run(self, stopping: asyncio.Event) -> None:
        """Move ballots until `stopping` is set.

        What was read by then is stored and acknowledged first, also where the queue was closed
        meanwhile: others would wait for it as long as for what a dead worker has read.
        """
        while not stopping.is_set() or PENDING in self._after.values():
            if self._look_due:
                self._look_due = False
                await self._look()
            if not (self._after and await self._read()):
                await asyncio.sleep(POLL_SECONDS)

    async def _look(self) -> None:
        """Open or close the queue as the store asks for, and see what there is to read."""
        knew, looked_at = self._state, time.monotonic()
        streams, accepted, left = await self._queue.look(self._after)
        await self._publish(accepted)
        if await self._open_or_close(streams):
            streams = (await self._queue.look()).streams
        self._after = {stream: self._after.get(stream, PENDING) for stream in streams}
        if streams:
            self._report(streams, knew, looked_at)
        await self._finish_for_others(left)

    async def _open_or_close(self, streams: dict[str, Figures]) -> bool:
        """Whether anything was done."""
        if self._state == "waiting" and not streams:
            await self._queue.await_opening()
        elif (
            self._state == "open"
            and not streams
            and self._sorter.accepts
            and await self._may_open()
            and await self._queue.open_intake()
        ):
            log.info("queue %s: opened", self._address)
            return True
        elif (
            self._state in ENDS
            and streams.keys().isdisjoint(ENDS.values())
            and await self._queue.close_intake(ENDS[self._state])
        ):
            log.info("queue %s: %s", self._address, self._state)
            return True
        return False

    async def _may_open(self) -> bool:
        return await self._shared.aside.call(self._shared.store.may_open, self.identity)

    async def _publish(self, accepted: str) -> None:
        accepts = self._sorter.accepts
        if accepts and accepts != accepted and not await self._queue.accept(accepts):
            # Until it is emptied its frontend has no use for it either.
            log.warning("queue %s is full: what is accepted is not published", self._address)

    def _report(self, streams: dict[str, Figures], knew: str, looked_at: float) -> None:
        total = Figures.of(streams.values())
        # All workers look, and another may have reported a later moment than ours. A look that
        # comes after the store has said so and still has less is of a queue that has lost entries.
        lost = self._most - total.entries_added
        if lost > 0:
            log.error("queue %s has lost %d entries", self._address, lost)
        is_open = OPEN in streams
        self._seen = Report(total, is_open, self._sender, knew, looked_at, confirmed=lost > 0)

    async def _finish_for_others(self, left: list[str]) -> None:
        """Store what other consumers have read and left behind.

        It stays theirs: where two workers come to it, or its owner comes back, nobody takes it from
        anybody, and the ledger has it once.
        """
        left_behind = {
            (stream, pending.consumer, pending.first): pending.entries
            for stream in left
            for pending in await self._queue.pending_of_others(stream)
        }
        for found in self._unmoved.find(left_behind):
            stream, consumer, _ = found
            count = left_behind[found]
            told = (self._address, count, consumer)
            log.info("queue %s: storing %d entries that %s left behind", *told)
            for _, entries in await self._queue.read({stream: PENDING}, count, consumer):
                await self._move(stream, entries, more=False)

    async def _read(self) -> bool:
        """Read once and store what comes; whether there is more to be read at once."""
        allowance = self._shared.allowance
        count = in_hand = allowance.take()
        try:
            found = await self._queue.read(self._after, count)
            in_hand = sum(len(entries) for _, entries in found)
            allowance.give_back(count - in_hand)
            again = False
            for stream, entries in found:
                if entries:
                    again |= len(entries) >= count
                    await self._move(stream, entries, more=len(entries) >= count)
                else:
                    # All of a former life is stored.
                    self._after[stream] = NEW
                    again = True
            return again
        finally:
            allowance.give_back(in_hand)

    async def _move(self, stream: str, entries: list[Entry], *, more: bool) -> None:
        batch = self._sorter.sort(entries)
        ids = [entry_id for entry_id, _ in entries]
        # A batch waits for its turn, and its entries take thrice the memory of their lines.
        entries.clear()
        await self._shared.merger.merge(self.identity, batch, more=more)
        # Only now: whatever ended this worker up to here, its entries are delivered again.
        if not await self._queue.ack(stream, ids):
            # Closed under our hands, most likely: they are pending in the renamed stream.
            self._after[stream] = PENDING
            self._look_due = True
        self._sender = batch.sender or self._sender
        if batch.rejected:
            reasons = ", ".join(sorted({entry.reason for entry in batch.rejected}))
            told = (self._address, len(batch.rejected), reasons)
            log.warning("queue %s: %d entries rejected: %s", *told)
