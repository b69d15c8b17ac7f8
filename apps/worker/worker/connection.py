"""One connection to a Redis server: the few lines of a client of the event loop that are needed.

The parsing is hiredis. redis-py, the client around it, takes three times the CPU time for each
exchange, and connects anew behind the caller's back: by then the address may be another queue's.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import hiredis

Command = Sequence[str | bytes | int]
# Longer than an fsync on a bad day.
ANSWER_SECONDS = 15
CONNECT_SECONDS = 5


class Connection(asyncio.Protocol):
    """Made by `connect`, for one task at a time. Once lost it is never made anew.

    Every method may raise OSError (TimeoutError where the server does not answer) or
    hiredis.HiredisError; after an OSError or a hiredis.ProtocolError it is of no more use.
    """

    def __init__(self) -> None:
        self._reader = hiredis.Reader()
        self._replies: list[Any] = []
        self._awaited = 0
        self._answered: asyncio.Future[None] | None = None
        self._transport: Any = None
        self._lost: Exception | None = None

    @classmethod
    async def connect(cls, host: str, port: int, user: str, password: str) -> "Connection":
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_SECONDS):
            _, connection = await loop.create_connection(cls, host, port)
        try:
            await connection.ask(("AUTH", user, password))
        except BaseException:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        self._transport.abort()

    async def ask(self, *commands: Command) -> list[Any]:
        """The replies to commands that are sent at once. Raises the first that is an error."""
        replies = await self.exchange(*commands)
        for reply in replies:
            if isinstance(reply, hiredis.HiredisError):
                raise reply
        return replies

    async def exchange(self, *commands: Command) -> list[Any]:
        """As `ask`, with errors among the replies."""
        if self._lost:
            raise self._lost
        self._awaited = len(commands)
        self._answered = asyncio.get_running_loop().create_future()
        # hiredis is typed to take one part only; it takes any number.
        self._transport.write(b"".join(map(hiredis.pack_command, commands)))  # type: ignore[arg-type]
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._answered
        except BaseException:
            # A reply that comes after all would be taken for that to the next command.
            self._lost = self._lost or ConnectionAbortedError("an earlier reply never came")
            self.close()
            raise
        replies, self._replies = self._replies, []
        return replies

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        try:
            # The reader says False for "not all of it yet"; no reply of Redis is a False.
            while (reply := self._reader.gets()) is not False:
                self._replies.append(reply)
        except hiredis.ProtocolError as error:
            self._lose(error)
        if len(self._replies) == self._awaited:
            self._settle(None)

    def connection_lost(self, error: Exception | None) -> None:
        self._lose(error or ConnectionResetError("Redis closed the connection"))

    def _lose(self, error: Exception) -> None:
        self._lost = self._lost or error
        self._settle(self._lost)

    def _settle(self, error: Exception | None) -> None:
        if self._answered and not self._answered.done():
            if error:
                self._answered.set_exception(error)
            else:
                self._answered.set_result(None)
