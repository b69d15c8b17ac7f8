"""Against a real HAProxy: changes of servers and of structure, under requests."""

import base64
import contextlib
import http.client
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from interlock import haproxy
from interlock.haproxy import HAProxy
from interlock.render import Site, render
from interlock.runtime import HAProxyError, Runtime
from interlock.topology import Server, Service, Topology
from testing.haproxy_server import HAProxyServer, free_port
from testing.http_backend import Backend
from testing.waiting import wait_until


class Edge:
    """A HAProxy, what brings it to a topology, and a client."""

    def __init__(self, directory: Path, make: Callable[[Path], HAProxyServer]) -> None:
        self.port = free_port()
        admin = directory / "admin.sock"
        self.site = Site(
            f"127.0.0.1:{self.port}",
            f"127.0.0.1:{free_port()}",
            str(admin),
            "edge%to'ken",
            "stats$word",
        )
        self.config = directory / "haproxy.cfg"
        self.server = make(self.config)
        self.runtime = Runtime(admin, self.server.master_socket)
        self.haproxy = HAProxy(self.site, self.config, self.runtime)

    def start(self) -> None:
        def answers() -> bool:
            try:
                return bool(self.runtime.fingerprint())
            except HAProxyError:
                return False

        self.server.start(answers)

    def bring_to(self, *services: Service) -> None:
        """Rounds until nothing is left to do."""
        wait_until(lambda: self.haproxy.bring_to(Topology(services)))

    def get(
        self,
        path: str = "/",
        host: str = "votingapp.local",
        headers: dict[str, str] | None = None,
        method: str = "GET",
        body: bytes | None = None,
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        try:
            connection.request(method, path, body, {"Host": host} | (headers or {}))
            response = connection.getresponse()
            return response.status, response.read(), response.headers
        finally:
            connection.close()

    def answering(self) -> set[bytes]:
        """Who answers a dozen requests."""
        return {self.get()[1] for _ in range(12)}

    def pid(self) -> str:
        """The worker's; another one after a reload."""
        info = self.runtime._ask("show info")
        return next(line for line in info.splitlines() if line.startswith("Pid:"))


@pytest.fixture
def edge(
    tmp_path: Path,
    make_haproxy: Callable[[Path], HAProxyServer],
    haproxy_binary: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Edge:
    # As in the image, where HAProxy is simply `haproxy`.
    monkeypatch.setenv("PATH", str(haproxy_binary.parent), prepend=":")
    return Edge(tmp_path, make_haproxy)


def web(*backends: Backend, draining: tuple[Backend, ...] = (), port: int | None = None) -> Service:
    servers = [
        Server(f"node-{b.name}", "127.0.0.1", port or b.port, b in draining) for b in backends
    ]
    return Service("web", ("votingapp.local",), "/healthz", "roundrobin", True, tuple(servers))


@pytest.fixture
def running(edge: Edge, backends: list[Backend]) -> Edge:
    """An edge with the backends a and b."""
    with pytest.raises(HAProxyError, match="does not answer"):
        edge.bring_to(web(*backends[:2]))
    # The file is there before HAProxy is: it may start.
    edge.start()
    edge.bring_to(web(*backends[:2]))
    assert edge.answering() == {b"a", b"b"}
    return edge


@pytest.fixture
def load(running: Edge) -> Iterator[list[int]]:
    """Statuses of requests that go on all through the test, votes and pages in turn."""
    statuses: list[int] = []
    over = threading.Event()

    def ask() -> None:
        while not over.wait(0.002):
            statuses.append(running.get()[0])
            statuses.append(running.get(method="POST", body=b"vote=a")[0])

    clients = [threading.Thread(target=ask) for _ in range(4)]
    for client in clients:
        client.start()
    yield statuses
    over.set()
    for client in clients:
        client.join()


def more(statuses: list[int], count: int = 100) -> None:
    """Wait for further requests."""
    goal = len(statuses) + count
    wait_until(lambda: len(statuses) >= goal)


def test_servers_come_and_go_without_a_reload(
    running: Edge, backends: list[Backend], load: list[int]
) -> None:
    a, b, c = backends
    worker = running.pid()
    running.bring_to(web(a, b, c))
    wait_until(lambda: running.answering() == {b"a", b"b", b"c"})
    more(load)
    running.bring_to(web(b, c, a, draining=(a,)))
    more(load)
    assert running.answering() == {b"b", b"c"}
    running.bring_to(web(b, c))
    a.close()
    more(load)
    running.bring_to(web(c))
    assert running.answering() == {b"c"}
    assert running.runtime.servers().keys() == {("web", "node-c")}
    more(load)
    assert running.pid() == worker
    assert set(load) == {200}
    assert "node-c" in running.config.read_text()
    assert "node-a" not in running.config.read_text()


def test_a_server_that_drains_ends_what_it_has_begun(
    running: Edge, backends: list[Backend]
) -> None:
    a, b, _ = backends
    a.may_answer.clear()
    b.may_answer.clear()
    answers: list[bytes] = []
    clients = [threading.Thread(target=lambda: answers.append(running.get()[1])) for _ in range(2)]
    for client in clients:
        client.start()
    wait_until(lambda: len(a.requests) + len(b.requests) >= 14)
    b.may_answer.set()
    for _ in range(5):
        assert not running.haproxy.bring_to(Topology((web(b),)))
    assert ("web", "node-a") in running.runtime.servers()
    a.may_answer.set()
    for client in clients:
        client.join(15)
    assert sorted(answers) == [b"a", b"b"]
    running.bring_to(web(b))
    assert running.runtime.servers().keys() == {("web", "node-b")}


def test_a_server_that_never_ends_is_cut_off(
    running: Edge, backends: list[Backend], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(haproxy, "DRAIN_LIMIT", 0.2)
    a, b, _ = backends
    a.may_answer.clear()
    b.may_answer.clear()

    def ask() -> None:
        # One of the two is cut off, and that is the point.
        with contextlib.suppress(http.client.RemoteDisconnected):
            running.get()

    clients = [threading.Thread(target=ask) for _ in range(2)]
    before = len(a.requests) + len(b.requests)
    for client in clients:
        client.start()
    wait_until(lambda: len(a.requests) + len(b.requests) >= before + 2)
    running.bring_to(web(b))
    assert running.runtime.servers().keys() == {("web", "node-b")}
    a.may_answer.set()
    b.may_answer.set()
    for client in clients:
        client.join(15)


def test_a_moved_server_is_followed(running: Edge, backends: list[Backend]) -> None:
    a, b, c = backends
    running.bring_to(web(a, port=c.port))
    wait_until(lambda: running.answering() == {b"c"})
    assert b.requests


def test_a_new_service_is_a_reload_without_a_lost_request(
    running: Edge, backends: list[Backend], load: list[int]
) -> None:
    a, b, c = backends
    worker = running.pid()
    more(load)
    results = Service(
        "results", ("results.local",), None, "leastconn", False, (Server("c", "127.0.0.1", c.port),)
    )
    running.bring_to(web(a, b), results)
    more(load)
    assert running.pid() != worker
    assert running.get(host="Results.local:8080")[1] == b"c"
    assert running.answering() == {b"a", b"b"}
    running.bring_to(web(a, b))
    assert running.get(host="results.local")[1] in (b"a", b"b")
    more(load)
    assert set(load) == {200}


def test_an_invalid_configuration_is_refused(running: Edge, backends: list[Backend]) -> None:
    worker = running.pid()
    good = running.config.read_text()
    bad = Service("bad", ("b.local",), None, "no-such-algorithm edge%to'ken", False, ())
    with pytest.raises(HAProxyError, match="the last good one stays") as raised:
        running.bring_to(web(*backends[:2]), bad)
    assert "no-such-algorithm" in str(raised.value)
    assert running.site.edge_token not in str(raised.value)
    assert running.config.read_text() == good
    assert [path.name for path in running.config.parent.glob("*.new")] == []
    assert running.pid() == worker
    assert running.answering() == {b"a", b"b"}


def test_a_failed_reload_brings_the_last_good_file_back(
    running: Edge, backends: list[Backend]
) -> None:
    good = running.config.read_text()
    # Valid to `haproxy -c`, and yet it cannot be had: another listens there.
    site = Site(
        f"127.0.0.1:{backends[0].port}",
        running.site.metrics_bind,
        running.site.admin_socket,
        running.site.edge_token,
        running.site.stats_password,
    )
    other = HAProxy(site, running.config, running.runtime)
    with pytest.raises(HAProxyError, match="could not reload"):
        other.bring_to(Topology((web(*backends),)))
    assert running.config.read_text() == good
    assert running.answering() == {b"a", b"b"}
    running.bring_to(web(*backends))
    wait_until(lambda: running.answering() == {b"a", b"b", b"c"})


def test_a_killed_haproxy_comes_back_with_its_servers(
    running: Edge, backends: list[Backend]
) -> None:
    a, _, c = backends
    running.bring_to(web(a, c))
    running.server.kill()
    with pytest.raises(HAProxyError, match="does not answer"):
        running.haproxy.bring_to(Topology((web(a, c),)))
    running.start()
    assert running.answering() == {b"a", b"c"}
    assert running.haproxy.bring_to(Topology((web(a, c),)))


def test_a_haproxy_that_missed_a_reload_gets_it(running: Edge, backends: list[Backend]) -> None:
    # As where Interlock died between writing the file and the reload.
    results = Service("results", ("results.local",), None, "roundrobin", False, ())
    running.config.write_text(render(running.site, Topology((web(*backends), results))))
    worker = running.pid()
    running.bring_to(web(*backends), results)
    assert running.pid() != worker
    assert running.get(host="results.local")[0] == 503


def test_the_configuration_is_not_for_everyone(running: Edge) -> None:
    assert running.config.stat().st_mode & 0o777 == 0o640


def test_what_a_client_may_not_say_is_removed(running: Edge, backends: list[Backend]) -> None:
    running.get(
        "/spoof",
        headers={
            "X-Request-ID": "mine",
            "x_request_id": "mine",
            "X-Edge-Token": "guess",
            "X_Edge_Token": "guess",
            "X-Forwarded-For": "192.0.2.1",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": "evil",
            "Forwarded": "for=192.0.2.1",
            "Cookie": "voter=1",
        },
    )
    (seen,) = [r[2] for b in backends for r in b.requests if r[1] == "/spoof"]
    headers = {name.lower(): value for name, value in seen}
    assert len(headers) == len(seen)
    assert headers.pop("x-request-id")[14] == "7"
    assert headers == {
        "host": "votingapp.local",
        "accept-encoding": "identity",
        "cookie": "voter=1",
        "x-edge-token": "edge%to'ken",
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-proto": "http",
    }


def test_a_retried_vote_is_the_same_vote(running: Edge, backends: list[Backend]) -> None:
    a, b, _ = backends
    a.statuses["/vote"] = 503
    for _ in range(4):
        assert running.get("/vote", method="POST", body=b"vote=a")[:2] == (200, b"b")
    refused = [dict(r[2])["x-request-id"] for r in a.requests if r[1] == "/vote"]
    stored = [dict(r[2])["x-request-id"] for r in b.requests if r[1] == "/vote"]
    assert refused
    assert set(refused) <= set(stored)
    assert len(set(stored)) == len(stored) == 4
    assert {r[3] for r in a.requests + b.requests if r[1] == "/vote"} == {b"vote=a"}


def test_a_server_whose_health_check_fails_gets_nothing(
    running: Edge, backends: list[Backend]
) -> None:
    backends[0].statuses["/healthz"] = 503
    wait_until(lambda: running.answering() == {b"b"})
    backends[0].statuses["/healthz"] = 200
    wait_until(lambda: running.answering() == {b"a", b"b"})


def test_no_server_left_is_a_friendly_page(running: Edge) -> None:
    running.bring_to(web())
    status, body, headers = running.get()
    assert (status, headers["Retry-After"]) == (503, "5")
    assert b"try again" in body


@pytest.mark.parametrize("size", [8193, 100_000])
def test_a_large_body_is_refused(running: Edge, backends: list[Backend], size: int) -> None:
    assert running.get("/big", method="POST", body=b"x" * 8192)[0] == 200
    before = sum(len(b.requests) for b in backends)
    assert running.get("/big", method="POST", body=b"x" * size)[0] == 413
    assert sum(len(b.requests) for b in backends) == before


def test_statistics_need_the_password(running: Edge) -> None:
    assert running.get("/haproxy?stats")[0] == 401
    assert running.get("/haproxy?stats", headers={"Authorization": "Basic YWRtaW46eA=="})[0] == 401
    word = base64.b64encode(f"admin:{running.site.stats_password}".encode()).decode()
    status, page, _ = running.get("/haproxy?stats", headers={"Authorization": f"Basic {word}"})
    assert status == 200
    assert b"node-a" in page


def test_metrics_are_on_their_own_port(running: Edge) -> None:
    own = running.port
    running.port = int(running.site.metrics_bind.rpartition(":")[2])
    status, page, _ = running.get("/metrics")
    assert status == 200
    assert b'haproxy_server_status{proxy="web",server="node-a"' in page
    assert running.get("/")[0] == 404
    running.port = own
    assert b"haproxy_server_status" not in running.get("/metrics")[1]


def test_the_log_does_not_tell_who_voted(running: Edge, backends: list[Backend]) -> None:
    for backend in backends:
        backend.statuses["/?vote=a"] = 500
    running.get("/?vote=a", headers={"Cookie": "voter=secret", "User-Agent": "agent"})
    wait_until(lambda: " 500 " in running.server.log_path.read_text())
    lines = [line for line in running.server.log_path.read_text().splitlines() if " 500 " in line]
    assert len(lines) == 1
    for word in ("127.0.0.1", "secret", "agent", "vote="):
        assert word not in lines[0]
