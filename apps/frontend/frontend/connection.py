"""One connection to Redis by its unix socket, on the running event loop.

The parsing is hiredis. redis-py, the client around it, can do everything, and for that takes about
as much CPU time again as the exchange itself.
"""

import asyncio
from collections import deque
from typing import Any, cast

import hiredis


class Connection(asyncio.Protocol):
    """Sends commands one behind the other, and deals out the replies in the same order.

    It is of no more use once it is closed: by Redis, after a reply that makes no sense, or after
    none within `timeout` seconds. What has no reply by then may have been done.
    """

    def __init__(self, timeout: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._timeout = timeout
        self._reader = hiredis.Reader()
        self._waiting: deque[tuple[asyncio.Future[Any], asyncio.TimerHandle]] = deque()
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, path: str, user: str, password: str, timeout: float) -> "Connection":
        """Connect and log in.

        Raises OSError where the server is away or slow, and hiredis.HiredisError where it replies
        with an error.
        """
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(timeout):
            _, connection = await loop.create_unix_connection(lambda: cls(timeout), path)
        try:
            await connection.ask("AUTH", user, password)
        except BaseException:
            connection.close()
            raise
        return connection

    @property
    def is_open(self) -> bool:
        return self._transport is not None

    def ask(self, *command: str | bytes) -> asyncio.Future[Any]:
        """Send one command; its reply will be bytes, an int, a list, or None for nil.

        The future has hiredis.ReplyError for an error that Redis replies with, and OSError or
        hiredis.ProtocolError where there is no telling what became of the command. Raises
        ConnectionResetError where the connection is closed.
        """
        if self._transport is None:
            raise ConnectionResetError("the connection to Redis is closed")
        reply: asyncio.Future[Any] = self._loop.create_future()
        error = TimeoutError("the queue did not answer in time")
        # A late reply must not be taken for that to the next command.
        timer = self._loop.call_later(self._timeout, self._end, error)
        self._waiting.append((reply, timer))
        # hiredis is typed to take one part only; it takes any number.
        self._transport.write(hiredis.pack_command(command))  # type: ignore[arg-type]
        return reply

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
                waiting, timer = self._waiting.popleft()
                timer.cancel()
                _settle(waiting, reply)
        except hiredis.ProtocolError as error:
            self._end(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc or ConnectionResetError("Redis closed the connection"))

    def _end(self, error: Exception) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()
        while self._waiting:
            waiting, timer = self._waiting.popleft()
            timer.cancel()
            _settle(waiting, error)


def _settle(waiting: "asyncio.Future[Any]", reply: Any) -> None:
    # Whoever was cancelled does not wait any more.
    if waiting.done():
        return
    if isinstance(reply, Exception):
        waiting.set_exception(reply)
    else:
        waiting.set_result(reply)
