"""The way into the queue of this node. An answer means that the ballot is on disk.

Redis runs with `appendfsync always`, and answers only after the fsync. The stream `ballots` exists
exactly while votes are taken; closing the poll renames it, in one step, to `ballots:closed`. Before
it opens, workers keep the key `ballots:waiting`; a queue with none of the three they do not reach.
"""

import logging
import threading
import time
from typing import Any

from hiredis import HiredisError, ProtocolError

from frontend.ballot import Ballot
from frontend.config import Config
from frontend.connection import Connection
from frontend.refusal import IntakeUnavailable, PollClosed, PollNotOpen, PollWaiting

log = logging.getLogger(__name__)
LOOK_SECONDS = 1.0


class Intake:
    """Puts ballots into the queue, by one connection per thread.

    After an answer that did not come in time, no ballot is tried for as long again: else everybody
    behind would wait in turn for a thread, and be told minutes later what is known by now.
    """

    def __init__(self, config: Config) -> None:
        self._server = (config.queue_socket, config.queue_user, config.queue_password)
        self._timeout = config.queue_timeout
        self._node = config.node
        self._threads = threading.local()
        self._failing = False
        self._resting_until = 0.0
        self._seen: PollClosed | PollNotOpen | None = None
        self._look_at = 0.0

    def add(self, ballot: Ballot) -> None:
        """Store a ballot; on return it is on disk.

        Raises PollClosed where the queue takes no votes any more. Raises IntakeUnavailable where
        it is down, slow, full, loading, misconfigured or not opened yet: then the ballot may or
        may not be stored, and sending the same one again does no harm.
        """
        if time.monotonic() < self._resting_until:
            raise IntakeUnavailable("the queue did not answer in time")
        voter, choice, cast = ballot
        entry = ("voter", voter, "choice", choice, "cast", cast, "node", self._node)
        try:
            # Without NOMKSTREAM a late vote would make the stream anew, and so reopen the poll.
            if self._ask("XADD", "ballots", "NOMKSTREAM", "*", *entry) is None:
                raise self._refusal()
        except (OSError, HiredisError) as error:
            raise self._unavailable(error) from error
        self._note_success()

    def check(self) -> None:
        """Find out whether a vote could be stored now, and store none.

        Raises as `add` does, and PollWaiting where nothing but the poll's time is missing.
        """
        try:
            self._rehearse()
            if not self._ask("EXISTS", "ballots"):
                raise self._refusal()
        except (OSError, HiredisError) as error:
            raise self._unavailable(error) from error
        self._note_success()

    def seen(self) -> PollClosed | PollNotOpen | None:
        """PollClosed or PollNotOpen, where nobody could vote when last looked, a second ago.

        For those who only come to see. Of an outage they learn when they vote: it may be over.
        """
        now = time.monotonic()
        if now >= max(self._look_at, self._resting_until):
            self._look_at = now + LOOK_SECONDS
            try:
                self._seen = None if self._ask("EXISTS", "ballots") else self._refusal()
            except (OSError, HiredisError) as error:
                self._seen = None
                self._unavailable(error)
        return self._seen

    def _rehearse(self) -> None:
        # Redis looks at the id 0-0, which no entry can have, only after it has seen to rights,
        # memory and disk: this is a vote in all but the entry.
        try:
            self._ask("XADD", "ballots", "NOMKSTREAM", "0-0", "voter", "nobody")
        except HiredisError as error:
            if "must be greater than 0-0" not in str(error):
                raise

    def _refusal(self) -> PollClosed | PollNotOpen:
        if self._ask("EXISTS", "ballots:closed"):
            return PollClosed()
        return PollWaiting() if self._ask("EXISTS", "ballots:waiting") else PollNotOpen()

    def _ask(self, *command: str | int) -> Any:
        reused = hasattr(self._threads, "connection")
        try:
            return self._ask_once(*command)
        except ConnectionError:
            # Redis may have been restarted since this thread last asked it. A timeout is another
            # matter, and is not tried again: the voter has waited long enough.
            if not reused:
                raise
            return self._ask_once(*command)

    def _ask_once(self, *command: str | int) -> Any:
        if not hasattr(self._threads, "connection"):
            self._threads.connection = Connection(*self._server, self._timeout)
        try:
            return self._threads.connection.ask(*command)
        except (OSError, ProtocolError):
            # A late or garbled answer must not be taken for that to the next question.
            self._threads.connection.close()
            del self._threads.connection
            raise

    def _unavailable(self, error: Exception) -> IntakeUnavailable:
        if isinstance(error, TimeoutError):
            self._resting_until = time.monotonic() + self._timeout
        # One line when it begins and one when it ends, however many voters it meets in between.
        if not self._failing:
            self._failing = True
            log.warning("the queue takes no votes: %s", error)
        return IntakeUnavailable(str(error))

    def _note_success(self) -> None:
        if self._failing:
            self._failing = False
            self._resting_until = 0.0
            log.warning("the queue takes votes again")
