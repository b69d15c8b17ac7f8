"""HTTP, byte for byte, on a server that stores nothing."""

import asyncio
import re
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from frontend.protocol import HTTPProtocol, Line
from frontend.responses import Response
from testing.event_loop import run
from testing.waiting import wait_until

from .conftest import SECONDS

GET = b"GET /%b HTTP/1.1\r\nHost: x\r\n\r\n"
HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n"


class Site:
    """Answers with the request's path and body, where the path is /slow as soon as it may."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.may = asyncio.Event()
        self.connections: set[HTTPProtocol] = set()
        self.size = 0

    async def respond(self, environ: dict[str, Any]) -> Response:
        self.asked.append(environ)
        if environ["PATH_INFO"] == "/slow":
            await self.may.wait()
        body = environ["PATH_INFO"].encode() + b" " + environ["wsgi.input"].read()
        return self._response("200 OK", body.ljust(self.size))

    def error(self, status: int) -> Response:
        return self._response(f"{int(status)} No", b"error")

    def _response(self, status: str, body: bytes) -> Response:
        return Response(status, [("Content-Length", str(len(body)))], body)

    async def serve(self) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        router: Any = self
        return await loop.create_server(
            lambda: HTTPProtocol(router, Line(), self.connections), "127.0.0.1", 0
        )

    async def shut_down(self) -> None:
        for connection in tuple(self.connections):
            connection.shutdown()

    async def go_on(self) -> None:
        self.may.set()


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def line(site: Site) -> Iterator[socket.socket]:
    """A connection to the site."""
    server = run(site.serve())
    with socket.create_connection(server.sockets[0].getsockname(), SECONDS) as line:
        yield line
    wait_until(lambda: not site.connections)

    async def close() -> None:
        server.close()

    run(close())


def said(line: socket.socket, until: bytes) -> bytes:
    """What the site says, up to some words at its end."""
    heard = b""
    while not heard.endswith(until):
        more = line.recv(65536)
        assert more, heard
        heard += more
    return heard


def all_said(line: socket.socket) -> bytes:
    """What the site says before it ends the connection."""
    heard = b""
    while more := line.recv(65536):
        heard += more
    return heard


def statuses(heard: bytes) -> list[bytes]:
    return re.findall(rb"HTTP/1\.1 (\d+) ", heard)


def test_requests_in_one_packet_are_answered_in_their_order(
    site: Site, line: socket.socket
) -> None:
    line.sendall(GET % b"slow" + GET % b"2" + HEAD + b"Content-Length: 3\r\n\r\nabc" + GET % b"4")
    wait_until(lambda: len(site.asked) == 1)
    run(site.go_on())
    heard = said(line, b"/4 ")
    assert re.findall(rb"\r\n\r\n(/\w* (?:abc)?)", heard) == [b"/slow ", b"/2 ", b"/ abc", b"/4 "]
    assert b"Connection" not in heard
    assert re.search(rb"Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n", heard)


def test_head_has_no_body_and_the_connection_goes_on(line: socket.socket) -> None:
    line.sendall(b"HEAD /x HTTP/1.1\r\nHost: x\r\n\r\n" + GET % b"y")
    assert said(line, b"/y ").count(b"/x") == 0


@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: 6\r\n\r\nvote=a",
        b"Transfer-Encoding: chunked\r\n\r\n4;x=y\r\nvote\r\n2\r\n=a\r\n0\r\nX-Edge: z\r\n\r\n",
    ],
)
def test_a_body_may_come_byte_by_byte_and_a_trailer_is_no_header(
    site: Site, line: socket.socket, body: bytes
) -> None:
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in HEAD + b"Cookie: a=b\r\ncookie: c=d\r\nX-A: 1\r\nx-a: \xff\r\n" + body:
        line.sendall(bytes([byte]))
    assert said(line, b"/ vote=a")
    [environ] = site.asked
    assert (environ["HTTP_COOKIE"], environ["HTTP_X_A"]) == ("a=b; c=d", "1,\xff")
    assert "HTTP_X_EDGE" not in environ


def test_whoever_waits_to_be_told_to_go_on_is_told(line: socket.socket) -> None:
    line.sendall(HEAD + b"Content-Length: 6\r\nExpect: 100-continue\r\n\r\n")
    assert said(line, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    line.sendall(b"vote=a")
    assert statuses(said(line, b"/ vote=a")) == [b"200"]


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n" + GET % b"x", [b"200"]),
        (b"GET / HTTP/1.0\r\n\r\n", [b"200"]),
        (GET % b"1" + b"nonsense\r\n\r\n" + GET % b"2", [b"200", b"400"]),
        (GET % b"1" + b"GET http:// HTTP/1.1\r\n\r\n", [b"200", b"400"]),
        (HEAD + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", [b"400"]),
        (HEAD + b"Content-Length: 99999\r\n\r\n" + b"x" * 20000, [b"200"]),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nffff\r\n" + b"x" * 20000, [b"200"]),
        (HEAD + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + GET % b"x", [b"200"]),
        (b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", [b"400"]),
    ],
)
def test_the_connection_ends_with_the_answer_to_what_cannot_be_followed(
    line: socket.socket, sent: bytes, expected: list[bytes]
) -> None:
    line.sendall(sent)
    heard = all_said(line)
    assert statuses(heard) == expected
    assert heard.count(b"Connection: close") == 1
    assert b"Connection: close" in heard[heard.rindex(b"HTTP/1.1") :]


def test_a_head_without_an_end_is_refused(line: socket.socket) -> None:
    line.sendall(HEAD + b"X-A: ")
    for _ in range(7):
        run(asyncio.sleep(0))
        line.sendall(b"x" * 10_000)
    assert statuses(all_said(line)) == [b"431"]


def test_whoever_says_that_no_more_comes_is_answered(site: Site, line: socket.socket) -> None:
    line.sendall(GET % b"slow" + GET % b"2" + GET[:-2])
    line.shutdown(socket.SHUT_WR)
    wait_until(lambda: len(site.asked) == 1)
    run(site.go_on())
    assert statuses(all_said(line)) == [b"200", b"200"]


def test_what_has_come_in_full_is_done_though_the_client_is_gone(
    site: Site, line: socket.socket
) -> None:
    line.sendall(GET % b"slow" + GET % b"2")
    wait_until(lambda: len(site.asked) == 1)
    line.close()
    run(site.go_on())
    wait_until(lambda: len(site.asked) == 2)


@pytest.mark.parametrize(
    ("sent", "more"), [(b"", b""), (GET % b"slow", b""), (GET % b"slow" + GET[:-2] % b"2", b"\r\n")]
)
def test_at_the_end_what_has_begun_to_come_is_answered(
    site: Site, line: socket.socket, sent: bytes, more: bytes
) -> None:
    line.sendall(sent)
    wait_until(lambda: len(site.connections) == 1 and len(site.asked) == bool(sent))
    run(site.shut_down())
    line.sendall(more)
    run(site.go_on())
    heard = all_said(line)
    assert len(statuses(heard)) == sent.count(b"GET")
    assert heard.count(b"Connection: close") == bool(sent)
    assert b"Connection: close" in heard[heard.rfind(b"HTTP/1.1") :] or not sent


def test_whoever_reads_no_answers_is_not_read_from(site: Site, line: socket.socket) -> None:
    site.size = 100_000
    request = b"GET / HTTP/1.1\r\nX-A: %b\r\n\r\n" % (b"x" * 10_000)
    line.setblocking(False)
    # As much as the kernel takes.
    with pytest.raises(BlockingIOError):
        for _ in range(100_000):
            line.sendall(request)
    asked = len(site.asked)
    assert asked < 500
    # Once he reads, all goes on.
    line.settimeout(SECONDS)
    while len(site.asked) == asked:
        line.recv(1 << 20)
