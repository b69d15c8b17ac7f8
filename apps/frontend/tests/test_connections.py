"""As many connections as all load balancers may open, and processes that die under them."""

import os
import re
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from signal import SIGKILL

import pytest
from frontend.server import process_count
from testing.edge import Edge
from testing.haproxy_server import HAProxyServer
from testing.waiting import wait_until

from .conftest import SECONDS, Server, balance, through_edge

Ballots = Callable[[], list[dict[str, str]]]
# What a load balancer opens at most: what its label says, and what it checks and keeps beside it.
EACH = 550
VOTES = """
wrk.method = "POST"
wrk.body = "vote=a&last=0"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
wrk.headers["Host"] = "votingapp.local"
"""


def health(server: Server) -> int:
    connection = server.connect()
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status
    finally:
        connection.close()


@contextmanager
def load(edge: Edge, connections: int, seconds: int, *options: str) -> Iterator[list[str]]:
    """Keep so many connections busy for some seconds; then the list has what wrk says."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", *options]
    said: list[str] = []
    wrk = subprocess.Popen(
        [*command, f"http://127.0.0.1:{edge.port}/"], stdout=subprocess.PIPE, text=True
    )
    try:
        yield said
        said.append(wrk.communicate(timeout=seconds + 60)[0])
    finally:
        wrk.kill()
        wrk.wait()


def check_votes(said: list[str], ballots: Ballots) -> None:
    """By what wrk says, nobody's vote failed, and every acknowledged one is in the queue."""
    [report] = said
    assert "Non-2xx" not in report
    assert "Socket errors" not in report
    acknowledged = re.search(r"(\d+) requests in", report)
    assert acknowledged
    assert len(ballots()) >= int(acknowledged[1])


def server_rows(edge: Edge) -> dict[str, str]:
    """What the load balancer counts of its first server (`show stat`)."""
    head, *rows = edge.runtime._ask("show stat").splitlines()
    names = head.removeprefix("# ").split(",")
    found = [dict(zip(names, row.split(","), strict=False)) for row in rows]
    [row] = [row for row in found if row.get("svname") == "frontend01"]
    return row


@pytest.fixture
def make_edge(
    tmp_path: Path,
    make_haproxy: Callable[[Path], HAProxyServer],
    haproxy_binary: Path,
    certificates: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[], Edge]:
    """A function that makes one more load balancer."""
    monkeypatch.setenv("PATH", str(haproxy_binary.parent), prepend=":")
    edges: list[Edge] = []

    def make() -> Edge:
        directory = tmp_path / f"edge{len(edges)}"
        directory.mkdir()
        for name in ("site.pem", "ca.crt"):
            (directory / name).write_text((certificates / name).read_text())
        edges.append(Edge(directory, directory / "site.pem", make_haproxy))
        return edges[-1]

    return make


@pytest.fixture
def start(environ: dict[str, str], tmp_path: Path) -> Iterator[Callable[[int], Server]]:
    """A function that starts the frontend for so many load balancers."""
    with ExitStack() as ending:

        def make(load_balancers: int) -> Server:
            connections = {"FRONTEND_CONNECTIONS": str(load_balancers * EACH)}
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            # As Docker starts a container of which nobody has said more: it asks for all that it
            # may have.
            resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
            try:
                server = Server(environ | connections, tmp_path / "log")
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            ending.callback(server.stop)
            return server

        yield make


@pytest.mark.parametrize("load_balancers", [3, 5])
def test_with_every_connection_open_and_asked_the_health_check_is_answered(
    start: Callable[[int], Server], load_balancers: int
) -> None:
    server = start(load_balancers)
    connections = [server.connect() for _ in range(load_balancers * EACH - 1)]
    try:
        for connection in connections:
            connection.request("GET", "/", headers=through_edge())
        # It comes last; nobody has been let go before.
        assert health(server) == 200
        for connection in connections:
            assert connection.getresponse().read()
        # They are idle now, and open.
        assert health(server) == 200
    finally:
        for connection in connections:
            connection.close()


@pytest.mark.parametrize("load_balancers", [3, 5])
def test_with_every_load_balancer_full_none_calls_the_frontend_down(
    start: Callable[[int], Server], make_edge: Callable[[], Edge], load_balancers: int
) -> None:
    server = start(load_balancers)
    edges = [make_edge() for _ in range(load_balancers)]
    for edge in edges:
        balance(edge, server)
    with ExitStack() as all_of_them:
        said = [all_of_them.enter_context(load(edge, EACH, 6)) for edge in edges]
    for edge, [report] in zip(edges, said, strict=True):
        row = server_rows(edge)
        assert (row["chkfail"], row["chkdown"], row["status"]) == ("0", "0", "UP")
        assert "Non-2xx" not in report
        assert int(row["smax"]) > EACH / 2


def test_a_killed_process_fails_nobody_and_is_replaced(
    start: Callable[[int], Server], edge: Edge, tmp_path: Path, ballots: Ballots
) -> None:
    server = start(1)
    balance(edge, server)
    script = tmp_path / "votes.lua"
    script.write_text(VOTES)
    count = process_count()
    before = server.processes()
    assert len(before) == count
    with load(edge, 64, 5, "--script", str(script)) as said:
        wait_until(lambda: len(ballots()) > 100)
        os.kill(before[0], SIGKILL)
        wait_until(lambda: server.log.read_text().count(" serves") == count + 1)
    check_votes(said, ballots)
    after = server.processes()
    assert len(after) == count
    assert before[0] not in after
    assert server_rows(edge)["chkdown"] == "0"
    # Nothing of it ends the others.
    assert server.process.poll() is None


def test_a_frontend_that_ends_under_load_fails_nobody(
    server: Server,
    start: Callable[[int], Server],
    edge: Edge,
    tmp_path: Path,
    ballots: Ballots,
) -> None:
    balance(edge, server, start(1))
    script = tmp_path / "votes.lua"
    script.write_text(VOTES)
    with load(edge, 64, 5, "--script", str(script)) as said:
        wait_until(lambda: len(ballots()) > 100)
        server.process.terminate()
        assert server.process.wait(SECONDS) == 0
    check_votes(said, ballots)
