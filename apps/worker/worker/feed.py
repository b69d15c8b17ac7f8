"""Moves ballots from all queues that fall to this worker into one store.

For as long as the connection to the store holds. Which queues these are depends on the other
workers that feed the same store, see roster.py.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

import psycopg2

from worker.allowance import Allowance
from worker.aside import Aside
from worker.config import Config
from worker.merger import Merger
from worker.reader import Reader
from worker.roster import Roster, readers
from worker.session import Shared
from worker.store import Store

log = logging.getLogger(__name__)

# Less than the 30 seconds that a service's stop takes at most.
DRAIN_SECONDS = 20


class Feed:
    """Readers of queues, and rounds: once a second the store is asked and told of all at once."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._addresses: set[str] = set()
        # Those of the store's list; none before we are in it, and when we leave.
        self._alive: Mapping[str, Collection[str]] = {}
        self._readers: dict[str, Reader] = {}
        self._leaving: list[Reader] = []
        self._roster = Roster(shared.config.node)

    @classmethod
    async def connect(cls, config: Config, aside: Aside) -> "Feed":
        """Raises psycopg2.Error, OSError."""
        store = await aside.call(Store.connect, config)
        merger = Merger(store, aside, config.batch_size)
        allowance = Allowance(config.batch_size)
        return cls(Shared(config, store, aside, merger, allowance))

    def follow(self, addresses: set[str]) -> None:
        """These are the queues from now on."""
        if addresses != self._addresses:
            self._addresses = addresses
            if self._alive:
                self._assign()

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping`; then all batches in hand are finished. Raises psycopg2.Error."""
        merging = asyncio.create_task(self._shared.merger.run())
        rounds = asyncio.create_task(self._rounds())
        stop = asyncio.create_task(stopping.wait())
        try:
            await _first_of(merging, rounds, stop)
            rounds.cancel()
            self._alive = {}
            with suppress(TimeoutError):
                async with asyncio.timeout(DRAIN_SECONDS):
                    await self._drain(merging)
        finally:
            self._alive = {}
            tasks = [merging, rounds, stop, *(reader.task for reader in self._all())]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._shared.aside.call(self._shared.store.close)

    def _all(self) -> list[Reader]:
        return [*self._readers.values(), *self._leaving]

    async def _rounds(self) -> None:
        while True:
            await self._round()
            await asyncio.sleep(self._shared.config.resolve_interval)

    async def _round(self) -> None:
        self._see_to_ended()
        await self._meet_others()
        sessions = {r.session.identity: r.session for r in self._all() if r.session}
        reports = {identity: seen for identity, s in sessions.items() if (seen := s.take_seen())}
        store, call = self._shared.store, self._shared.aside.call
        most = await call(store.report, reports) if reports else {}
        states = await call(store.intake_states, list(sessions)) if sessions else {}
        for identity, session in sessions.items():
            session.told(states[identity], most.get(identity, 0))

    def _see_to_ended(self) -> None:
        self._leaving = [reader for reader in self._leaving if not reader.task.done()]
        for address, reader in list(self._readers.items()):
            if reader.task.done():
                error = reader.task.exception()
                if isinstance(error, psycopg2.Error):
                    raise error
                # Through a fault of ours: it begins anew.
                log.error("queue %s: ended", address, exc_info=error)
                self._readers[address] = Reader(address, self._shared)

    async def _meet_others(self) -> None:
        """Say that we are here, and read what falls to us beside those who are."""
        store, call = self._shared.store, self._shared.aside.call
        unreached = [address for address, reader in self._readers.items() if reader.unreached]
        alive, gone = self._roster.look(await call(store.beat, unreached))
        for member in gone:
            log.info("worker %s is gone", member.name)
            await call(store.remove, member)
        if alive != self._alive:
            self._alive = alive
            self._assign()

    def _assign(self) -> None:
        name, alive = self._shared.config.node, self._alive
        ours = {address for address in self._addresses if name in readers(address, alive)}
        told = map(len, (ours, self._addresses, alive))
        log.info("reads %d of %d queues, one of %d workers", *told)
        for address in self._readers.keys() - ours:
            self._readers[address].stop()
            self._leaving.append(self._readers.pop(address))
        for address in ours - self._readers.keys():
            self._readers[address] = Reader(address, self._shared)
        self._shared.allowance.queues = len(ours)

    async def _drain(self, merging: "asyncio.Task[None]") -> None:
        # The others begin at once, and not only when the last batch is stored.
        left = self._shared.aside.call(self._shared.store.leave)
        for reader in self._all():
            reader.stop()
        await _first_of(merging, asyncio.gather(*(reader.task for reader in self._all())))
        await left


async def _first_of(*tasks: "asyncio.Future[Any]") -> None:
    """Wait for one of them to end. Raises what it raises."""
    ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in ended:
        task.result()
