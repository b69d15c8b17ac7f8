"""HTTP/1.1 as far as a voter's browser needs it: one request after the other."""

import asyncio
import re
import ssl
from typing import NamedTuple, cast

CONNECT_SECONDS = 3
STATUS = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d) ")
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
SET_COOKIE = re.compile(rb"\r\nset-cookie:[ \t]*([^\r\n]*)", re.IGNORECASE)
LAST = re.compile(rb"\r\nconnection:[ \t]*close", re.IGNORECASE)


class Response(NamedTuple):
    """A status, and the headers Set-Cookie."""

    status: int
    cookies: list[str]


class Connection(asyncio.Protocol):
    """One connection. Bodies are counted, and not kept."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Response] | None = None
        self._head = b""
        self._response: Response | None = None
        self._left = 0
        self.reusable = True

    def send(self, request: bytes) -> "asyncio.Future[Response]":
        """Send a request; the future raises ConnectionError where no complete answer comes."""
        assert self._transport is not None
        self._head, self._response = b"", None
        self._waiting = asyncio.get_running_loop().create_future()
        if self._transport.is_closing():
            self._waiting.set_exception(ConnectionResetError())
        else:
            self._transport.write(request)
        return self._waiting

    def abandon(self) -> None:
        """Be gone: whatever still comes is not read."""
        if self._waiting is not None:
            self._waiting.cancel()
        self._fail()

    def deafen(self) -> None:
        """Read nothing from now on."""
        assert self._transport is not None
        self._transport.pause_reading()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        if self._response is None:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            head, data = self._head[: end + 2], self._head[end + 4 :]
            status, length = STATUS.match(head), LENGTH.search(head)
            if status is None or length is None:
                self._fail()
                return
            self._left = int(length[1])
            self.reusable = LAST.search(head) is None
            cookies = [found.decode("latin-1") for found in SET_COOKIE.findall(head)]
            self._response = Response(int(status[1]), cookies)
        self._left -= len(data)
        if self._left <= 0 and self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(self._response)

    def connection_lost(self, error: Exception | None) -> None:
        """Called by the loop."""
        self._fail()

    def _fail(self) -> None:
        self.reusable = False
        if self._transport is not None:
            self._transport.abort()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ConnectionResetError())


class Connections:
    """Opens connections, and keeps those that can be used again."""

    def __init__(self, host: str, ports: dict[bool, int]) -> None:
        """Take the site's name, and its port for HTTP (False) and for HTTPS (True)."""
        self._host = host
        self._ports = ports
        self._idle: dict[tuple[str, bool], list[Connection]] = {}
        # The lab's certificate is by an authority of its own, and is no part of what is judged.
        self._tls = ssl.create_default_context()
        self._tls.check_hostname = False
        self._tls.verify_mode = ssl.CERT_NONE

    async def get(self, address: str, https: bool, fresh: bool) -> Connection:
        """A connection that nobody uses; OSError where the address does not take one in time."""
        idle = self._idle.get((address, https), [])
        while idle and not fresh:
            connection = idle.pop()
            if connection.reusable:
                return connection
        async with asyncio.timeout(CONNECT_SECONDS):
            _, connection = await asyncio.get_running_loop().create_connection(
                Connection,
                address,
                self._ports[https],
                ssl=self._tls if https else None,
                server_hostname=self._host if https else None,
            )
        return connection

    def put(self, address: str, https: bool, connection: Connection) -> None:
        """Keep a connection for the next; one that cannot be used again is let go."""
        if connection.reusable:
            self._idle.setdefault((address, https), []).append(connection)
        else:
            connection.abandon()
