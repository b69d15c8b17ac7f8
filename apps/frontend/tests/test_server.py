"""The real server process, as the image starts it."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from testing.container_health import answers
from testing.redis_server import RedisServer

Ballots = Callable[[], list[dict[str, str]]]
APP = Path(__file__).parents[1]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SECONDS = 20


class Server:
    """`python -m frontend`, on a port of its own."""

    def __init__(self, environ: dict[str, str], log: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.log = log
        start = f"from frontend.__main__ import main; main(port={self.port})"
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", start],
                env={**os.environ, **environ, "PYTHONPATH": str(APP)},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        # Every process, not only the first: one that is told to end while it starts ends late.
        processes = len(os.sched_getaffinity(0))
        deadline = time.monotonic() + SECONDS
        while log.read_text().count("Started worker-") < processes:
            if self.ended_within(0.05) or time.monotonic() > deadline:
                self.process.kill()
                self.process.wait(SECONDS)
                raise RuntimeError(f"the server did not start:\n{log.read_text()}")

    def ended_within(self, seconds: float) -> bool:
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def refuses_connections(self) -> bool:
        """Wait until the port is closed; False where it stays open."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), SECONDS).close()
            except ConnectionRefusedError:
                return True
            except ConnectionResetError:
                # It was closed while this one waited to be accepted.
                continue
        return False

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)


@pytest.fixture
def server(environ: dict[str, str], tmp_path: Path) -> Iterator[Server]:
    server = Server(environ | {"QUEUE_TIMEOUT": "5"}, tmp_path / "server.log")
    yield server
    server.process.terminate()
    server.process.wait(SECONDS)


def test_votes_over_http_are_in_the_queue_and_in_no_log(server: Server, ballots: Ballots) -> None:
    connection = server.connect()
    # All on one connection: it has to be kept alive.
    for _ in range(3):
        connection.request("POST", "/", body="vote=a", headers=FORM)
        answer = connection.getresponse()
        assert answer.status == 200
        assert b"Vote processed by" in answer.read()
    connection.close()
    assert len(ballots()) == 3
    log = server.log.read_text()
    for ballot in ballots():
        assert ballot["voter"] not in log
        assert ballot["cast"] not in log
    assert "127.0.0.1" not in log


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"Content-Length: 6\r\n\r\nvote=a", b"200"),
        (b"Transfer-Encoding: chunked\r\n\r\n6\r\nvote=a\r\n0\r\n\r\n", b"200"),
        (b"Content-Length: 20000\r\n\r\n" + b"x" * 20000, b"413"),
        (b"Transfer-Encoding: chunked\r\n\r\n4e20\r\n" + b"x" * 20000 + b"\r\n0\r\n\r\n", b"413"),
        # Granian shows a header that is not ASCII as an empty one.
        (b"Cookie: voter=\xff\xfe\r\nContent-Length: 6\r\n\r\nvote=a", b"200"),
        (b"X-Edge-Token: \xff\r\nContent-Length: 6\r\n\r\nvote=a", b"200"),
    ],
)
def test_requests_byte_for_byte(server: Server, head: bytes, status: bytes) -> None:
    start = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    with socket.create_connection(("127.0.0.1", server.port), SECONDS) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # In two packets: a body may come in pieces.
        connection.sendall(start + head[:-3])
        connection.sendall(head[-3:])
        assert connection.recv(12) == b"HTTP/1.1 " + status


def test_sigterm_lets_votes_in_hand_finish_and_takes_no_more(
    server: Server, redis_server: RedisServer, ballots: Ballots
) -> None:
    connections = [server.connect() for _ in range(3)]
    with redis_server.client() as redis:
        redis.client_pause(SECONDS * 1000, all=False)
        for connection in connections:
            connection.request("POST", "/", body="vote=a", headers=FORM)
        deadline = time.monotonic() + SECONDS
        while redis.info("clients")["blocked_clients"] < len(connections):
            assert time.monotonic() < deadline
        server.process.terminate()
        assert server.refuses_connections()
        redis.client_unpause()
    for connection in connections:
        answer = connection.getresponse()
        assert answer.status == 200
        assert b"Vote processed by" in answer.read()
        connection.close()
    assert server.process.wait(SECONDS) == 0
    assert len(ballots()) == 3


def test_the_container_is_healthy_while_the_process_answers(
    server: Server, redis_server: RedisServer
) -> None:
    redis_server.kill()
    assert answers(server.port)
    server.process.terminate()
    server.process.wait(SECONDS)
    assert not answers(server.port)
