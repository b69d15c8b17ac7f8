"""Moving ballots while both connections of a reader hold."""

import logging
import threading
import time

from redis import OutOfMemoryError

from worker.ballots import Entry, Sorter
from worker.config import Config
from worker.queue import CLOSED, OPEN, RETIRED, Figures, Queue
from worker.store import Store
from worker.unmoved import Unmoved

log = logging.getLogger(__name__)

# Where to read a stream: first what a former life of this worker had read, then what is new.
PENDING, NEW = "0", ">"
# The states of Store.intake_state in which a queue takes no more votes, and its stream's name then.
ENDS = {"closed": CLOSED, "retired": RETIRED}
LOOK_SECONDS = 1.0
# A batch costs the store some milliseconds, however small it is: where few votes come, wait for
# more of them. The tally is shown once a second.
GATHER_SECONDS = 0.5


class Session:
    """What is known of a queue, until something goes wrong; raises what Queue and Store raise."""

    def __init__(self, queue: Queue, store: Store, config: Config) -> None:
        self._queue = queue
        self._store = store
        self._config = config
        # The store reads its poll file before it lets anybody in, so these are as long as we are.
        self._sorter = Sorter(store.choices(), store.poll_id())
        self._after: dict[str, str] = {}
        self._sender = ""
        self._unmoved = Unmoved(config.claim_idle)
        self._next_look = time.monotonic()

    def run(self, stopping: threading.Event) -> None:
        """Move ballots until `stopping` is set; the batch in hand is finished first."""
        while not stopping.is_set():
            if time.monotonic() >= self._next_look:
                self._look()
            if not self._after:
                stopping.wait(LOOK_SECONDS)
                continue
            most = 0
            for stream, entries in self._queue.read(self._after, self._config.batch_size):
                most = max(most, len(entries))
                if entries:
                    self._move(stream, entries)
                else:
                    self._after[stream] = NEW
            if 0 < most < self._config.batch_size:
                stopping.wait(GATHER_SECONDS)

    def _look(self) -> None:
        """Open or close the queue as the store asks for, and see what there is to read."""
        self._next_look = time.monotonic() + LOOK_SECONDS
        state = self._store.intake_state()
        streams = self._queue.streams()
        self._publish_accepted()
        if (
            state == "open"
            and not streams
            and self._sorter.accepts
            and self._store.may_open()
            and self._queue.open_intake()
        ):
            log.info("opened")
        elif (
            state in ENDS
            and streams.keys().isdisjoint(ENDS.values())
            and self._queue.close_intake(ENDS[state])
        ):
            log.info(state)
        elif state == "waiting" and not streams:
            self._queue.await_opening()
        streams = self._queue.streams()
        self._after = {stream: self._after.get(stream, PENDING) for stream in streams}
        if streams:
            self._report(streams, state)
        self._finish_for_others()

    def _publish_accepted(self) -> None:
        if self._sorter.accepts:
            try:
                self._queue.accept(self._sorter.accepts)
            except OutOfMemoryError:
                # Until it is emptied its frontend has no use for it either.
                log.warning("the queue is full: what is accepted is not published")

    def _report(self, streams: dict[str, Figures], knew: str) -> None:
        most = self._send_report(streams, knew)
        if most <= Figures.of(streams.values()).entries_added:
            return
        # All workers look, and another may have reported a later moment than ours. A look that
        # comes after that and still has less is of a queue that has lost entries.
        streams = self._queue.streams()
        lost = most - Figures.of(streams.values()).entries_added
        if lost > 0:
            log.error("the queue has lost %d entries", lost)
            self._send_report(streams, knew, confirmed=True)

    def _send_report(
        self, streams: dict[str, Figures], knew: str, *, confirmed: bool = False
    ) -> int:
        total = Figures.of(streams.values())
        return self._store.report(
            total, intake_open=OPEN in streams, node=self._sender, knew=knew, confirmed=confirmed
        )

    def _finish_for_others(self) -> None:
        """Store what other consumers have read and left behind.

        It stays theirs: where two workers come to it, or its owner comes back, nobody takes it from
        anybody, and the ledger has it once.
        """
        left_behind = {
            (stream, pending.consumer, pending.first): pending.entries
            for stream in self._after
            for pending in self._queue.pending_of_others(stream)
        }
        for found in self._unmoved.find(left_behind):
            stream, consumer, _ = found
            log.info("storing %d entries that %s left behind", left_behind[found], consumer)
            for _, entries in self._queue.read({stream: PENDING}, left_behind[found], consumer):
                self._move(stream, entries)

    def _move(self, stream: str, entries: list[Entry]) -> None:
        batch = self._sorter.sort(entries)
        self._store.merge(batch)
        # Only now: whatever ended this worker up to here, its entries are delivered again.
        if not self._queue.ack(stream, [entry_id for entry_id, _ in entries]):
            # Closed under our hands, most likely: they are pending in the renamed stream.
            self._after[stream] = PENDING
            self._next_look = time.monotonic()
        self._sender = batch.sender or self._sender
        if batch.rejected:
            reasons = ", ".join(sorted({entry.reason for entry in batch.rejected}))
            log.warning("%d entries rejected: %s", len(batch.rejected), reasons)
