"""One connection to Redis, on the running event loop.

The parsing is hiredis. redis-py, the client around it, can do everything; for that it takes about
as much CPU time again as the exchange itself, and connects anew behind the caller's back: by then
the address may be another queue's.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import hiredis

Command = Sequence[str | bytes | int]
CONNECT_SECONDS = 5


class _Exchange(NamedTuple):
    """Commands that were sent together: how many, and what came of them so far."""

    commands: int
    replies: list[Any]
    answered: "asyncio.Future[list[Any]]"
    timer: asyncio.TimerHandle


class RedisConnection(asyncio.Protocol):
    """Sends commands one behind the other, and deals out the replies in the same order.

    It is of no more use once it is closed: by Redis, after a reply that makes no sense, or after
    none within `timeout` seconds. What has no reply by then may have been done.
    """

    def __init__(self, timeout: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._timeout = timeout
        self._reader = hiredis.Reader()
        self._waiting: deque[_Exchange] = deque()
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(
        cls,
        place: str | tuple[str, int],
        user: str,
        password: str,
        timeout: float,
        **tls: Any,
    ) -> "RedisConnection":
        """Connect to the unix socket or the host and port `place`, and log in.

        `tls` is what `create_connection` of the event loop takes for it.

        Raises OSError where the server is away or slow, and hiredis.HiredisError where it replies
        with an error.
        """
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(min(timeout, CONNECT_SECONDS)):
            if isinstance(place, str):
                _, connection = await loop.create_unix_connection(lambda: cls(timeout), place)
            else:
                _, connection = await loop.create_connection(lambda: cls(timeout), *place, **tls)
        try:
            await connection.ask(("AUTH", user, password))
        except BaseException:
            connection.close()
            raise
        return connection

    @property
    def is_open(self) -> bool:
        return self._transport is not None

    async def ask(self, *commands: Command) -> list[Any]:
        """The replies to commands that are sent at once: bytes, an int, a list, or None for nil.

        Raises hiredis.ReplyError for the first error that Redis replies with, and as `exchange`.
        """
        replies = await self.exchange(*commands)
        for reply in replies:
            if isinstance(reply, hiredis.ReplyError):
                raise reply
        return replies

    def exchange(self, *commands: Command) -> "asyncio.Future[list[Any]]":
        """As `ask`, with errors among the replies. The commands are sent when this is called.

        The future has OSError or hiredis.ProtocolError where there is no telling what became of the
        commands. Raises ConnectionResetError where the connection is closed.
        """
        if self._transport is None:
            raise ConnectionResetError("the connection to Redis is closed")
        answered: asyncio.Future[list[Any]] = self._loop.create_future()
        error = TimeoutError("Redis did not answer in time")
        # A late reply must not be taken for that to the next command.
        timer = self._loop.call_later(self._timeout, self._end, error)
        self._waiting.append(_Exchange(len(commands), [], answered, timer))
        # hiredis is typed to take one part only; it takes any number.
        self._transport.write(b"".join(map(hiredis.pack_command, commands)))  # type: ignore[arg-type]
        return answered

    def close(self) -> None:
        """Close it now; whoever waits for a reply is told that none comes."""
        self._end(ConnectionResetError("the connection to Redis was closed"))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's is no subclass of it.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._reader.feed(data)
            # The reader says False for "not all of it yet"; no reply of Redis is a False.
            while (reply := self._reader.gets()) is not False:
                if not self._waiting:
                    raise hiredis.ProtocolError("a reply to no command")
                first = self._waiting[0]
                first.replies.append(reply)
                if len(first.replies) == first.commands:
                    self._settle(None)
        except hiredis.ProtocolError as error:
            self._end(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc or ConnectionResetError("Redis closed the connection"))

    def _end(self, error: Exception) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()
        while self._waiting:
            self._settle(error)

    def _settle(self, error: Exception | None) -> None:
        first = self._waiting.popleft()
        first.timer.cancel()
        # Whoever was cancelled does not wait any more.
        if first.answered.done():
            return
        if error:
            first.answered.set_exception(error)
        else:
            first.answered.set_result(first.replies)
