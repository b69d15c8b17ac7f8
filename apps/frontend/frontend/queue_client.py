"""The client of this node's queue. A reply means that the ballot is on disk.

Redis runs with `appendfsync always`, and replies only after the fsync. The stream `ballots` exists
exactly while votes are taken; closing the poll renames it, in one step, to `ballots:closed`. Before
it opens, workers keep the key `ballots:waiting`; a queue with none of the three they do not reach.
"""

import logging
import time
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from hiredis import HiredisError

from frontend.ballot import Ballot
from frontend.config import Config
from frontend.entry import Entries
from frontend.errors import PollClosed, PollNotOpen, PollWaiting, ServiceUnavailable
from frontend.writer import NotAccepted, Writer

log = logging.getLogger(__name__)
# The load balancer keeps a page for a second besides.
LOOK_SECONDS = 0.1
Result = TypeVar("Result")


class QueueClient:
    """Puts ballots into the queue, by as many connections as there are ballots in hand at once.

    After a reply that did not come in time, no ballot is tried for as long again: else everybody
    behind would wait in turn for a thread, and learn minutes later what is known by now.
    """

    def __init__(self, config: Config) -> None:
        self._entries = Entries(config.poll, config.node, config.entry_key)
        self._timeout = config.queue_timeout
        self._server = (
            config.queue_socket,
            config.queue_user,
            config.queue_password,
            config.queue_timeout,
        )
        # Those that nobody uses: threads come and go, and each writer leaves a key in the queue.
        self._writers: deque[Writer] = deque()
        # What workers accept, where our entries are part of it.
        self._accepted = b""
        self._failing = False
        self._resting_until = 0.0
        self._seen: PollClosed | PollNotOpen | None = None
        self._look_at = 0.0

    def add(self, ballot: Ballot) -> None:
        """Store a ballot; on return it is on disk.

        Raises PollClosed where the queue takes no votes any more. Raises ServiceUnavailable where
        it is down, slow, full, loading, misconfigured or not opened yet, or its workers would
        reject the ballot: then it may or may not be stored, and sending the same one again does no
        harm.
        """
        if time.monotonic() < self._resting_until:
            raise ServiceUnavailable("the queue did not answer in time")
        self._try(lambda writer: writer.write(ballot, self._accepted))

    def check(self) -> None:
        """Find out whether a vote could be stored now, and store none.

        Raises as `add` does, and PollWaiting where nothing but the poll's time is missing.
        """

        def rehearse(writer: Writer) -> bool:
            writer.rehearse(self._accepted)
            return writer.exists("ballots")

        self._try(rehearse)

    def seen(self) -> PollClosed | PollNotOpen | None:
        """PollClosed or PollNotOpen, where nobody could vote at the last look, a moment ago.

        For those who only come to see. Of an outage they learn when they vote: it may be over.
        """
        now = time.monotonic()
        if now >= max(self._look_at, self._resting_until):
            # One looks at a time, however long the queue takes.
            self._look_at = now + self._timeout
            try:
                is_open = self._with_writer(lambda writer: writer.exists("ballots"))
                self._seen = None if is_open else self._why_closed()
            except (OSError, HiredisError) as error:
                self._seen = None
                self._unavailable(error)
            finally:
                self._look_at = time.monotonic() + LOOK_SECONDS
        return self._seen

    def _try(self, act: Callable[[Writer], bool]) -> None:
        """Do it; where it comes to nothing, raise why."""
        try:
            try:
                taken = self._with_writer(act)
            except NotAccepted as change:
                self._accept(change.accepted)
                taken = self._with_writer(act)
            if not taken:
                raise self._why_closed()
        except (OSError, HiredisError, NotAccepted) as error:
            raise self._unavailable(error) from error
        self._note_success()

    def _accept(self, accepted: bytes | None) -> None:
        if reason := self._entries.refused(accepted):
            raise self._unavailable(reason)
        assert accepted is not None
        self._accepted = accepted

    def _why_closed(self) -> PollClosed | PollNotOpen:
        if self._with_writer(lambda writer: writer.exists("ballots:closed")):
            return PollClosed()
        waits = self._with_writer(lambda writer: writer.exists("ballots:waiting"))
        return PollWaiting() if waits else PollNotOpen()

    def _with_writer(self, act: Callable[[Writer], Result]) -> Result:
        try:
            writer = self._writers.pop()
        except IndexError:
            writer = Writer(self._server, self._entries)
        reused = writer.is_connected
        try:
            return act(writer)
        except ConnectionError:
            # Redis may have been restarted since this writer last asked it. A timeout is another
            # matter, and is not tried again: the voter has waited long enough.
            if not reused:
                raise
            return act(writer)
        finally:
            self._writers.append(writer)

    def _unavailable(self, error: object) -> ServiceUnavailable:
        if isinstance(error, TimeoutError):
            self._resting_until = time.monotonic() + self._timeout
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
