"""The real server process, as the image starts it."""

import socket
from collections.abc import Callable

import pytest
from testing.container_health import is_healthy
from testing.edge import Edge
from testing.redis_server import RedisServer
from testing.waiting import wait_until

from .conftest import FORM, SECONDS, Server, balance, through_edge

Ballots = Callable[[], list[dict[str, str]]]


def test_before_the_poll_opens_voters_are_told_so_through_the_load_balancer(
    server: Server, edge: Edge, redis_server: RedisServer
) -> None:
    with redis_server.client() as redis:
        redis.delete("ballots")
        redis.set("ballots:waiting", "1")
    balance(edge, server)
    wait_until(lambda: b"The poll is not open yet." in edge.get()[1])
    assert edge.get()[0] == 200
    # The last word on a vote that comes too early is the frontend's, too.
    status, page, _ = edge.get(method="POST", headers=FORM, body=b"vote=a")
    assert status == 503
    assert b"The poll is not open yet." in page
    # Nobody says any more that the poll waits: that is an outage.
    with redis_server.client() as redis:
        redis.delete("ballots:waiting")
    wait_until(lambda: edge.get()[0] == 503)
    redis_server.open_intake()
    wait_until(lambda: edge.get()[0] == 200)


def test_votes_over_http_are_in_the_queue_and_in_no_log(server: Server, ballots: Ballots) -> None:
    connection = server.connect()
    # All on one connection: it has to be kept alive.
    for _ in range(3):
        connection.request("POST", "/", body="vote=a", headers=FORM | through_edge())
        answer = connection.getresponse()
        assert answer.status == 200
        assert b"<small>Node" in answer.read()
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
        (b"Cookie: voter-any=\xff\xfe\r\nContent-Length: 6\r\n\r\nvote=a", b"200"),
        (b"X-Test-Token: \xff\r\nContent-Length: 6\r\n\r\nvote=a", b"200"),
    ],
)
def test_requests_byte_for_byte(server: Server, head: bytes, status: bytes) -> None:
    start = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    for name, value in through_edge().items():
        start += f"{name}: {value}\r\n".encode()
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
            connection.request("POST", "/", body="vote=a", headers=FORM | through_edge())
        wait_until(server.has_read_all)
        server.process.terminate()
        assert server.refuses_connections()
        redis.client_unpause()
    for connection in connections:
        answer = connection.getresponse()
        assert answer.status == 200
        assert b"<small>Node" in answer.read()
        connection.close()
    assert server.process.wait(SECONDS) == 0
    assert len(ballots()) == 3


def test_no_process_outlives_the_first(server: Server) -> None:
    server.process.kill()
    server.process.wait(SECONDS)
    assert server.refuses_connections()


def test_the_container_is_healthy_while_the_process_answers(
    server: Server, redis_server: RedisServer
) -> None:
    redis_server.kill()
    assert is_healthy(server.port)
    server.process.terminate()
    server.process.wait(SECONDS)
    assert not is_healthy(server.port)
