"""TLS from the load balancer to a frontend, by the cluster's internal authority."""

import http.client
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from frontend.__main__ import DRAIN_SECONDS
from frontend.opener import HANDSHAKES, TLS_HANDSHAKE
from interlock.topology import Server as Target
from interlock.topology import Service
from testing.edge import Edge
from testing.internal_tls import directory_of
from testing.waiting import wait_until

from .conftest import EDGE_TOKEN, FORM, LABELS, NEW_VOTER_KEY, SECONDS, Server, through_edge
from .test_connections import VOTES, check_votes, load

Ballots = Callable[[], list[dict[str, str]]]


def context() -> ssl.SSLContext:
    """What a client has."""
    return ssl.create_default_context(cafile=str(directory_of("frontend") / "internal_ca"))


@pytest.fixture
def connect(server: Server) -> Iterator[Callable[[ssl.SSLContext], ssl.SSLSocket]]:
    """A function that makes a connection to the frontend."""
    with ExitStack() as ending:

        def make(tls: ssl.SSLContext, session: ssl.SSLSession | None = None) -> ssl.SSLSocket:
            plain = ending.enter_context(
                socket.create_connection(("127.0.0.1", server.port), SECONDS)
            )
            secured = tls.wrap_socket(plain, server_hostname="frontend", session=session)
            return ending.enter_context(secured)

        yield make


def vote(connection: socket.socket) -> http.client.HTTPResponse:
    head = "".join(f"{name}: {value}\r\n" for name, value in (FORM | through_edge()).items())
    connection.sendall(
        f"POST / HTTP/1.1\r\nHost: x\r\n{head}Content-Length: 6\r\n\r\nvote=a".encode()
    )
    response = http.client.HTTPResponse(connection)
    response.begin()
    response.read()
    return response


def test_votes_by_tls_and_by_plain_http(
    server: Server, connect: Callable[..., ssl.SSLSocket], ballots: Ballots
) -> None:
    tls = context()
    connection = connect(tls)
    assert connection.version() == "TLSv1.3"
    for _ in range(3):
        assert vote(connection).status == 200
    # A session costs half as much when it is resumed.
    assert connect(tls, connection.session).session_reused
    # A load balancer of version 1.0 is updated after the frontends.
    with socket.create_connection(("127.0.0.1", server.port), SECONDS) as plain:
        for _ in range(3):
            assert vote(plain).status == 200
    assert len(ballots()) == 6


def test_older_versions_are_refused(server: Server, connect: Callable[..., ssl.SSLSocket]) -> None:
    old = context()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        connect(old)
    wait_until(lambda: "a client was refused" in server.log.read_text())
    assert "Traceback" not in server.log.read_text()
    assert vote(connect(context())).status == 200


def test_who_says_nothing_holds_nobody_up(
    server: Server, connect: Callable[..., ssl.SSLSocket]
) -> None:
    with ExitStack() as ending:
        for begun in (b"", TLS_HANDSHAKE) * (HANDSHAKES + 8):
            silent = socket.create_connection(("127.0.0.1", server.port), SECONDS)
            ending.enter_context(silent).sendall(begun)
        wait_until(server.has_read_all)
        # Neither plain HTTP nor, once they have had their time, TLS.
        with socket.create_connection(("127.0.0.1", server.port), SECONDS) as plain:
            assert vote(plain).status == 200
        assert vote(connect(context())).status == 200
        began = time.monotonic()
        server.process.terminate()
        assert server.process.wait(SECONDS) == 0
        # Sooner than a request in hand would be given up.
        assert time.monotonic() - began < DRAIN_SECONDS - 2


def test_who_goes_in_a_handshake_leaves_nothing_behind(server: Server) -> None:
    files = Path(f"/proc/{server.processes()[0]}/fd")
    before = len(list(files.iterdir()))
    for _ in range(HANDSHAKES * 2):
        with socket.create_connection(("127.0.0.1", server.port), SECONDS) as gone:
            gone.sendall(TLS_HANDSHAKE)
    wait_until(lambda: len(list(files.iterdir())) < before + HANDSHAKES)
    assert "Traceback" not in server.log.read_text()


def test_a_frontend_that_speaks_tls_from_now_on_fails_nobody(
    server: Server, edge: Edge, tmp_path: Path, ballots: Ballots
) -> None:
    def service(*, internal_tls: bool) -> Service:
        name = "frontend01-tls" if internal_tls else "frontend01"
        target = Target(name, "127.0.0.1", server.port, internal_tls)
        return Service("frontend", LABELS, (target,))

    edge.change(edge_token=EDGE_TOKEN, new_voter_key=NEW_VOTER_KEY)
    edge.begin(service(internal_tls=False))
    wait_until(lambda: edge.get()[0] == 200)
    script = tmp_path / "votes.lua"
    script.write_text(VOTES)
    worker = edge.pid()
    with load(edge, 32, 5, "--script", str(script)) as said:
        # There and back, as an update that is rolled back.
        for internal_tls in (True, False, True):
            before = len(ballots())
            edge.bring_to(service(internal_tls=internal_tls))
            wait_until(lambda before=before: len(ballots()) > before + 50)
    check_votes(said, ballots)
    assert edge.pid() == worker
