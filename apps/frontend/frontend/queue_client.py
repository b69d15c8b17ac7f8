"""The client of this node's queue. A reply means that the ballot is on disk.

Redis runs with `appendfsync always`, and replies only after the fsync. The stream `ballots` exists
exactly while votes are taken; closing the poll renames it, in one step, to `ballots:closed`. Before
it opens, workers keep the key `ballots:waiting`; a queue with none of the three they do not reach.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from hiredis import HiredisError

from frontend.ballot import Ballot
from frontend.config import Config
from frontend.entry import Entries
from frontend.errors import HTTPError, PollClosed, PollNotOpen, PollWaiting, ServiceUnavailable
from frontend.writer import NotAccepted, Writer

log = logging.getLogger(__name__)
LOOK_SECONDS = 1.0
# Between one batch and the next, at least: on a disk that is faster, each vote would have a write,
# a script and an fsync of its own.
BATCH_SECONDS = 0.001


class QueueClient:
    """Puts ballots into the queue by one connection: those that come while a batch is on its way
    to the disk are the next batch. To be used on one event loop.

    After a reply that did not come in time, no ballot is tried for as long again: else everybody
    behind would wait in turn, and learn later what is known by now.
    """

    def __init__(self, config: Config) -> None:
        self._entries = Entries(config.poll, config.node, config.entry_key)
        self._timeout = config.queue_timeout
        server = (config.queue_socket, config.queue_user, config.queue_password, self._timeout)
        self._writer = Writer(server, self._entries)
        # Ballots that are not on their way yet, and whom to tell that they are stored.
        self._waiting: list[tuple[Ballot, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._next_at = 0.0
        # What workers accept, where our entries are part of it.
        self._accepted = b""
        self._failing = False
        self._resting_until = 0.0
        self._seen: PollClosed | PollNotOpen | None = None
        self._look_at = 0.0

    async def add(self, ballot: Ballot) -> None:
        """Store a ballot; on return it is on disk.

        Raises PollClosed where the queue takes no votes any more. Raises ServiceUnavailable where
        it is down, slow, full, loading, misconfigured or not opened yet, or its workers would
        reject the ballot: then it may or may not be stored, and sending the same one again does no
        harm.
        """
        self._rest()
        loop = asyncio.get_running_loop()
        stored: asyncio.Future[None] = loop.create_future()
        self._waiting.append((ballot, stored))
        if self._writing is None:
            self._writing = loop.create_task(self._write())
        await stored

    async def check(self) -> None:
        """Find out whether a vote could be stored now, and store none.

        Raises as `add` does, and PollWaiting where nothing but the poll's time is missing.
        """
        await self._try(lambda: self._writer.rehearse(self._accepted))

    async def seen(self) -> PollClosed | PollNotOpen | None:
        """PollClosed or PollNotOpen, where nobody could vote when last looked, a second ago.

        For those who only come to see. Of an outage they learn when they vote: it may be over.
        """
        now = asyncio.get_running_loop().time()
        if now >= max(self._look_at, self._resting_until):
            self._look_at = now + LOOK_SECONDS
            try:
                is_open = await self._writer.exists("ballots")
                self._seen = None if is_open else await self._why_closed()
            except (OSError, HiredisError) as error:
                self._seen = None
                self._unavailable(error)
        return self._seen

    async def _write(self) -> None:
        """Write batch after batch, until nobody waits."""
        loop = asyncio.get_running_loop()
        while self._waiting:
            if (gather := self._next_at - loop.time()) > 0:
                await asyncio.sleep(gather)
            batch, self._waiting = self._waiting, []
            error = await self._store([ballot for ballot, _ in batch])
            for _, stored in batch:
                # Whoever was cancelled does not wait any more.
                if stored.done():
                    continue
                if error:
                    stored.set_exception(error)
                else:
                    stored.set_result(None)
            self._next_at = loop.time() + BATCH_SECONDS
        self._writing = None

    async def _store(self, ballots: list[Ballot]) -> HTTPError | None:
        """Why a batch is not stored, or may be; None where it is."""
        try:
            self._rest()
            await self._try(lambda: self._writer.write(ballots, self._accepted))
        except HTTPError as error:
            return error
        # Whatever it is, voters wait for it, and the next batch has to be written.
        except Exception:
            log.exception("a batch failed")
            return ServiceUnavailable("a batch failed")
        return None

    def _rest(self) -> None:
        if asyncio.get_running_loop().time() < self._resting_until:
            raise ServiceUnavailable("the queue did not answer in time")

    async def _try(self, act: Callable[[], Awaitable[bool]]) -> None:
        """Do it; where it comes to nothing, raise why."""
        try:
            try:
                taken = await act()
            except NotAccepted as change:
                self._accept(change.accepted)
                taken = await act()
            if not taken:
                raise await self._why_closed()
        except (OSError, HiredisError, NotAccepted) as error:
            raise self._unavailable(error) from error
        self._note_success()

    def _accept(self, accepted: bytes | None) -> None:
        if reason := self._entries.refused(accepted):
            raise self._unavailable(reason)
        assert accepted is not None
        self._accepted = accepted

    async def _why_closed(self) -> PollClosed | PollNotOpen:
        if await self._writer.exists("ballots:closed"):
            return PollClosed()
        return PollWaiting() if await self._writer.exists("ballots:waiting") else PollNotOpen()

    def _unavailable(self, error: object) -> ServiceUnavailable:
        if isinstance(error, TimeoutError):
            self._resting_until = asyncio.get_running_loop().time() + self._timeout
        # One line when it begins and one when it ends, however many voters it meets in between.
        if not self._failing:
            self._failing = True
            log.warning("the queue takes no votes: %s", error)
        return ServiceUnavailable(str(error))

    def _note_success(self) -> None:
        if self._failing:
            self._failing = False
            self._resting_until = 0.0
            log.warning("the queue takes votes again")
