"""A client that sends bytes as they are, and reads whatever is answered."""

import asyncio
import re
from contextlib import suppress

from testing.odd_requests import Ending, Request

# Longer than the load balancer waits for the rest of a request (5 s), or for a server (10 s).
SECONDS = 15
# Status and header lines; not those of 100 Continue.
FINAL_ANSWER = re.compile(rb"HTTP/1\.[01] ([2-5]\d\d)[^\r\n]*\r\n(.*?)\r\n\r\n", re.S)
CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.I)
LAST = re.compile(rb"\r\nconnection: close", re.I)


class Line:
    """A connection to the load balancer; a new one where the last has ended."""

    def __init__(self, host: str, port: int) -> None:
        """Take the load balancer's address."""
        self._address = host, port
        self._ends: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def say(self, request: Request) -> bytes:
        """Send a request; return all that was answered, whatever that is."""
        said = bytearray()
        goes_on = False
        with suppress(OSError, TimeoutError, asyncio.LimitOverrunError):
            async with asyncio.timeout(SECONDS):
                goes_on = await self._talk(request, said)
        if not goes_on:
            self.drop()
        return bytes(said)

    def drop(self) -> None:
        """End the connection, without a word."""
        if self._ends:
            self._ends[1].transport.abort()
            self._ends = None

    async def _talk(self, request: Request, said: bytearray) -> bool:
        if self._ends is None:
            self._ends = await asyncio.open_connection(*self._address)
        reader, writer = self._ends
        # It may be refused before it has arrived in full.
        with suppress(ConnectionError):
            writer.write(request.data)
            await writer.drain()
        if request.ending is Ending.GONE:
            return False
        if request.ending is Ending.ANSWER:
            return all([await self._hear(reader, said) for _ in range(request.answers)])
        if request.ending is Ending.END and writer.can_write_eof():
            writer.write_eof()
        while more := await reader.read(65536):
            said += more
        return False

    async def _hear(self, reader: asyncio.StreamReader, said: bytearray) -> bool:
        """Read one answer; say whether the connection goes on."""
        start = len(said)
        try:
            while not (head := FINAL_ANSWER.search(said, start)):
                said += await reader.readuntil(b"\r\n\r\n")
            length = CONTENT_LENGTH.search(head[0])
            said += await reader.readexactly(int(length[1])) if length else await reader.read()
        except asyncio.IncompleteReadError as error:
            said += error.partial
            return False
        return length is not None and not LAST.search(head[0])
