"""Fixtures: HAProxy with the configuration that Interlock writes, and a client before it."""

import http.client
from collections.abc import Callable
from pathlib import Path

import pytest
from interlock.haproxy import HAProxy
from interlock.render import Site
from interlock.runtime import HAProxyError, Runtime
from interlock.topology import Server, Service, Topology

from .haproxy_server import HAProxyServer, free_port
from .http_backend import Backend
from .waiting import wait_until


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
