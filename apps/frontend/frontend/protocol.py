"""HTTP/1.1 on one event loop: from bytes to a WSGI environ, and from a response to bytes.

The parsing is httptools, the parser of Node.js. What servers of the field do beside that costs more
CPU time than a vote.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote_to_bytes

import httptools

from frontend.request import MAX_FORM_BYTES
from frontend.responses import Response
from frontend.router import Router

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

MAX_HEAD_BYTES = 64 * 1024
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
# Requests that are begun in one round of the event loop.
ROUND = 32


class Line:
    """Where requests wait for their turn, a few in each round of the event loop.

    Whoever needs several rounds, as a health check does for its connection, its request and the
    queue's reply, would else wait for all others in each of them.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Callable[[], None]] = deque()

    def wait(self, begin: Callable[[], None]) -> None:
        """Call `begin` when its turn has come."""
        self._waiting.append(begin)
        if len(self._waiting) == 1:
            self._loop.call_soon(self._let_in)

    def _let_in(self) -> None:
        for _ in range(min(ROUND, len(self._waiting))):
            self._waiting.popleft()()
        if self._waiting:
            self._loop.call_soon(self._let_in)


class HTTPProtocol(asyncio.Protocol):
    """One connection. Its requests are answered one after the other, in the order they came.

    What has come in full is answered, whatever becomes of the connection: it may be a vote.
    """

    def __init__(self, router: Router, line: Line, connections: "set[HTTPProtocol]") -> None:
        """It is one of `connections` while it is open, or has a request in hand."""
        self._router = router
        self._line = line
        self._connections = connections
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        # Requests that have come in full; a status for what is none.
        self._requests: deque[WSGIEnvironment | int] = deque()
        # A request is in hand, or waits for its turn.
        self._is_busy = False
        self._task: asyncio.Task[None] | None = None
        # Nothing more is read: the connection ends with the response to what has come.
        self._is_deaf = False
        # It ends as soon as no request is in hand or on its way.
        self._is_ending = False
        self._is_full = False
        # Of the request that is on its way.
        self._is_arriving = False
        self._in_head = False
        self._head_bytes = 0
        self._environ: WSGIEnvironment = {}
        self._url = b""
        self._body = b""

    def shutdown(self) -> None:
        """End it, once what has begun to arrive has been answered."""
        self._is_ending = True
        if not self._is_busy and not self._is_arriving and self._transport:
            self._transport.close()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's is no subclass of it.
        self._transport = cast("asyncio.Transport", transport)
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._leave()

    def eof_received(self) -> bool:
        """Whether to keep it open: for those who say that they send no more, and wait."""
        self._is_deaf = True
        # By TLS asyncio always closes it; what is in hand is finished all the same.
        is_tls = self._transport and self._transport.get_extra_info("sslcontext")
        return self._is_busy and not is_tls

    def pause_writing(self) -> None:
        """Read no more requests of somebody who does not read the responses."""
        self._is_full = True
        if self._transport:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._is_full = False
        self._read_on()

    def data_received(self, data: bytes) -> None:
        if self._is_deaf:
            return
        if self._in_head:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # An offer that nobody takes up. What follows could be anything.
            self._is_deaf = True
        except httptools.HttpParserError:
            self._refuse(HTTPStatus.BAD_REQUEST)
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if len(self._requests) > 1 and self._transport:
            self._transport.pause_reading()

    # What the parser calls.

    def on_message_begin(self) -> None:
        self._is_arriving = self._in_head = True
        self._head_bytes = 0
        self._environ = {}
        self._url = self._body = b""

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        # A trailer could pass for what the load balancer has vouched for.
        if not self._in_head:
            return
        key, text = _key(name), value.decode("latin-1")
        if key in self._environ:
            text = f"{self._environ[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{text}"
        self._environ[key] = text

    def on_headers_complete(self) -> None:
        self._in_head = False
        expected = self._environ.get("HTTP_EXPECT", "")
        if (
            expected
            and expected.lower() == "100-continue"
            and not self._is_busy
            and self._transport
        ):
            self._transport.write(CONTINUE)

    def on_body(self, body: bytes) -> None:
        if self._is_deaf:
            return
        self._body += body
        # Enough to know that it is too large: it is answered now, and the rest is not read.
        if len(self._body) > MAX_FORM_BYTES:
            self._is_deaf = True
            self._take()

    def on_message_complete(self) -> None:
        if self._is_deaf:
            return
        self._is_deaf = not self._parser.should_keep_alive()
        self._take()

    def _take(self) -> None:
        path, _, query = self._url.partition(b"?")
        if not path.startswith(b"/"):
            path = httptools.parse_url(self._url).path or b"/"
        self._environ |= {
            "REQUEST_METHOD": self._parser.get_method().decode(),
            "PATH_INFO": (unquote_to_bytes(path) if b"%" in path else path).decode("latin-1"),
            "QUERY_STRING": query.decode("latin-1"),
            "wsgi.input": BytesIO(self._body),
        }
        self._answer(self._environ)

    def _refuse(self, status: HTTPStatus) -> None:
        # Once it is deaf, whatever comes is none of its matter.
        if not self._is_deaf:
            self._is_deaf = True
            self._answer(status)

    def _answer(self, request: "WSGIEnvironment | int") -> None:
        self._is_arriving = self._in_head = False
        self._requests.append(request)
        if not self._is_busy:
            self._is_busy = True
            self._line.wait(self._begin)

    def _begin(self) -> None:
        self._task = self._loop.create_task(self._work())

    async def _work(self) -> None:
        """Answer what has come."""
        while self._requests:
            request = self._requests.popleft()
            if isinstance(request, int):
                self._write(self._router.error(request))
            else:
                response = await self._router.respond(request)
                self._write(response, with_body=request["REQUEST_METHOD"] != "HEAD")
        self._is_busy = False
        if self._ends() and self._transport:
            self._transport.close()
        self._read_on()
        self._leave()

    def _write(self, response: Response, *, with_body: bool = True) -> None:
        if self._transport is None:
            return
        lines = [f"HTTP/1.1 {response.status}\r\nDate: {_date(int(time.time()))}\r\n"]
        lines += [f"{name}: {value}\r\n" for name, value in response.headers]
        if not self._requests and self._ends():
            lines.append("Connection: close\r\n")
        lines.append("\r\n")
        head = "".join(lines).encode("latin-1")
        self._transport.write(head + response.body if with_body else head)

    def _ends(self) -> bool:
        return self._is_deaf or (self._is_ending and not self._is_arriving)

    def _leave(self) -> None:
        if self._transport is None and not self._is_busy:
            self._connections.discard(self)

    def _read_on(self) -> None:
        if self._transport and not self._is_busy and not self._is_full:
            self._transport.resume_reading()


@lru_cache(256)
def _key(name: bytes) -> str:
    """What PEP 3333 calls a header."""
    key = name.decode("latin-1").upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


@lru_cache(1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)
