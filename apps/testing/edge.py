"""Fixtures: HAProxy with the configuration that Interlock writes, and a client before it."""

import http.client
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from interlock.edge import Site
from interlock.haproxy import HAProxy
from interlock.labels import Labels
from interlock.runtime import HAProxyError, Runtime
from interlock.topology import Server, Service, Topology

from .haproxy_server import HAProxyServer
from .http_backend import Backend
from .internal_tls import directory_of
from .ports import free_port
from .waiting import wait_until


class Edge:
    """A HAProxy, what brings it to a topology, and a client."""

    def __init__(
        self, directory: Path, certificate: Path, make: Callable[[Path], HAProxyServer]
    ) -> None:
        self.port, self.https_port, self.metrics_port = free_port(), free_port(), free_port()
        # The issuer that all certificates for tests have in common.
        self.trust = ssl.create_default_context(cafile=str(certificate.with_name("ca.crt")))
        admin = directory / "admin.sock"
        self.site = Site(
            http_bind=f"127.0.0.1:{self.port}",
            https_bind=f"127.0.0.1:{self.https_port}",
            https_port=self.https_port,
            metrics_bind=f"127.0.0.1:{self.metrics_port}",
            admin_socket=str(admin),
            certificate=str(certificate),
            internal_ca=str(directory_of("interlock") / "internal_ca"),
            edge_token="edge%to'ken",
            new_voter_key="new%vot'er",
            ticket_secret="a-secret",
            stats_password="stats$word",
        )
        self.config = directory / "haproxy.cfg"
        self.server = make(self.config)
        self.runtime = Runtime(admin, self.server.master_socket)
        self.haproxy = HAProxy(self.site, self.config, self.runtime)

    def change(self, **site: object) -> None:
        """Another Site from the next round on, as after a restart of Interlock."""
        self.site = replace(self.site, **site)  # type: ignore[arg-type]
        self.haproxy = HAProxy(self.site, self.config, self.runtime)

    def begin(self, *services: Service) -> None:
        """Start it in front of `services`."""
        # Its configuration has to be there before HAProxy is.
        with pytest.raises(HAProxyError, match="does not answer"):
            self.bring_to(*services)
        self.start()
        self.bring_to(*services)

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
        https: bool = False,
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        if https:
            connection = http.client.HTTPSConnection(
                "127.0.0.1", self.https_port, timeout=15, context=self.trust
            )
        try:
            connection.request(method, path, body, {"Host": host} | (headers or {}))
            response = connection.getresponse()
            return response.status, response.read(), response.headers
        finally:
            connection.close()

    def metrics(self) -> str:
        """What Prometheus would read."""
        connection = http.client.HTTPConnection("127.0.0.1", self.metrics_port, timeout=15)
        try:
            connection.request("GET", "/metrics")
            return connection.getresponse().read().decode()
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
    certificates: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Edge:
    # As in the image, where HAProxy is simply `haproxy`.
    monkeypatch.setenv("PATH", str(haproxy_binary.parent), prepend=":")
    # Copies: a test may renew it.
    for name in ("site.pem", "ca.crt"):
        (tmp_path / name).write_text((certificates / name).read_text())
    certificate = tmp_path / "site.pem"
    return Edge(tmp_path, certificate, make_haproxy)


WEB = Labels(hosts=("votingapp.local",), health_check="/healthz", default=True)


def web(*backends: Backend, port: int | None = None, labels: Labels = WEB) -> Service:
    servers = [Server(f"node-{b.name}", "127.0.0.1", port or b.port) for b in backends]
    return Service("frontend", labels, tuple(servers))


@pytest.fixture
def running(edge: Edge, backends: list[Backend]) -> Edge:
    """An edge with the backends a and b."""
    edge.begin(web(*backends[:2]))
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
