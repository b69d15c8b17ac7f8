"""Two load balancers, real HAProxys before them and managers' clocks that are wrong."""

import http.client
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from interlock import __main__ as program
from interlock.haproxy import HAProxy
from interlock.runtime import HAProxyError
from interlock.topology import Topology
from interlock.watch import ask_balancer, ask_manager
from testing.docker_engine import Engine
from testing.edge import Edge, web
from testing.haproxy_server import HAProxyServer
from testing.http_backend import Backend
from testing.internal_tls import directory_of
from testing.ports import free_port
from testing.swarm_api import SwarmApi
from testing.waiting import wait_until


def refused(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def drain(edge: Edge, draining: bool) -> None:
    edge.haproxy.drain(draining)
    assert edge.haproxy.drained is draining


def test_who_drains_refuses_connections_and_ends_those_in_hand_well(
    running: Edge, backends: list[Backend]
) -> None:
    for backend in backends:
        backend.may_answer.clear()
        backend.requests.clear()
    answers: list[tuple[int, bytes]] = []
    vote = threading.Thread(
        target=lambda: answers.append(running.get(method="POST", body=b"vote=a")[:2])
    )
    vote.start()
    idle = http.client.HTTPConnection("127.0.0.1", running.port, timeout=15)
    idle.request("GET", "/healthz", headers={"Host": "votingapp.local"})
    answer = idle.getresponse()
    assert (answer.read() != b"", answer.will_close) == (True, False)
    wait_until(lambda: any(backend.requests for backend in backends))
    drain(running, True)
    wait_until(lambda: refused(running.port) and refused(running.https_port))
    for backend in backends:
        backend.may_answer.set()
    vote.join(15)
    assert [status for status, _ in answers] == [200]
    # A connection that was there before gets its answer, and the word to use another one.
    idle.request("GET", "/", headers={"Host": "votingapp.local"})
    answer = idle.getresponse()
    assert (answer.status, answer.will_close) == (200, True)
    idle.close()
    assert 'haproxy_frontend_http_requests_total{proxy="edge"}' in running.metrics()
    drain(running, False)
    wait_until(lambda: not refused(running.port))
    assert running.answering() == {b"a", b"b"}
    running.get(https=True)


def test_http2_is_told_to_go_elsewhere(running: Edge) -> None:
    running.trust.set_alpn_protocols(["h2"])
    plain = socket.create_connection(("127.0.0.1", running.https_port), timeout=15)
    with running.trust.wrap_socket(plain, server_hostname="votingapp.local") as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0")
        drain(running, True)
        frames = b""
        # A frame of type 7 is GOAWAY.
        while not any(kind == 7 for kind in kinds(frames)):
            read = connection.recv(65536)
            assert read, "ended without a GOAWAY"
            frames += read


def kinds(frames: bytes) -> Iterator[int]:
    """The types of HTTP/2 frames."""
    while len(frames) >= 9:
        yield frames[3]
        frames = frames[9 + int.from_bytes(frames[:3]) :]


def test_it_stays_drained_whoever_starts_again(running: Edge, backends: list[Backend]) -> None:
    services = Topology((web(*backends[:2]),))
    drain(running, True)
    running.haproxy = HAProxy(running.site, running.config, running.runtime)
    assert running.haproxy.drained
    running.server.kill()
    running.start()
    assert refused(running.port)
    # HAProxy is away while it changes.
    running.server.kill()
    with pytest.raises(HAProxyError):
        running.haproxy.drain(False)
        running.haproxy.bring_to(services)
    running.start()
    wait_until(lambda: running.haproxy.bring_to(services))
    assert not running.haproxy.drained
    assert running.answering() == {b"a", b"b"}


@dataclass
class Balancer:
    """`python -m interlock` and its HAProxy."""

    port: int
    metrics_port: int
    log: Path
    process: subprocess.Popen[bytes]
    server: HAProxyServer

    def gauges(self) -> dict[str, float]:
        connection = http.client.HTTPConnection("127.0.0.1", self.metrics_port, timeout=5)
        try:
            connection.request("GET", "/metrics")
            lines = connection.getresponse().read().decode().splitlines()
            return {name: float(value) for name, value in map(str.split, lines)}
        except OSError:
            return {}
        finally:
            connection.close()

    def draining(self) -> bool:
        return self.gauges().get("interlock_draining") == 1 and refused(self.port)

    def serving(self) -> bool:
        return self.gauges().get("interlock_serving") == 1 and not refused(self.port)


@contextmanager
def balancer(
    directory: Path,
    managers: list[SwarmApi],
    metrics_port: int,
    others: list[int],
    haproxy: Path,
    make: Callable[[Path], HAProxyServer],
) -> Iterator[Balancer]:
    directory.mkdir(exist_ok=True)
    pki = managers[0].directory
    (directory / "site.pem").write_text((pki / "site.pem").read_text())
    (directory / "secret").write_text("token\n")
    port = free_port()
    env = {
        "PATH": f"{haproxy.parent}:{os.environ['PATH']}",
        "PYTHONPATH": ":".join(map(str, Path(program.__file__).parents[1:3])),
        "SWARM_API": ",".join(manager.url for manager in managers),
        "OTHER_LOAD_BALANCERS": ",".join(f"127.0.0.1:{other}" for other in others),
        "TLS_CA": str(pki / "ca.crt"),
        "TLS_CERT": str(pki / "interlock.crt"),
        "TLS_KEY": str(pki / "interlock.key"),
        "HAPROXY_CONFIG": str(directory / "haproxy.cfg"),
        "HAPROXY_ADMIN_SOCKET": str(directory / "admin.sock"),
        "HAPROXY_MASTER_SOCKET": str(directory / "master.sock"),
        "EDGE_TOKEN_FILE": str(directory / "secret"),
        "NEW_VOTER_KEY_FILE": str(directory / "secret"),
        "TICKET_SECRET_FILE": str(directory / "secret"),
        "STATS_PASSWORD_FILE": str(directory / "secret"),
        "HTTP_BIND": f"127.0.0.1:{port}",
        "HTTPS_BIND": f"127.0.0.1:{free_port()}",
        "SITE_CERTIFICATE": str(directory / "site.pem"),
        "INTERNAL_CA": str(directory_of("interlock") / "internal_ca"),
        "HAPROXY_METRICS_BIND": f"127.0.0.1:{free_port()}",
        "METRICS_BIND": f"127.0.0.1:{metrics_port}",
        "TICK": "0.1",
        "DEBOUNCE_MIN": "0.02",
    }
    path = directory / "interlock.log"
    with path.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "interlock"], env=env, stdout=log, stderr=subprocess.STDOUT
        )
    config = directory / "haproxy.cfg"
    try:
        wait_until(config.exists)
        server = make(config)
        server.start((directory / "admin.sock").exists)
        yield Balancer(port, metrics_port, path, process, server)
        server.kill()
    finally:
        process.kill()
        process.wait(10)


def test_the_one_with_the_wrong_clock_drains_while_the_other_serves(
    make_swarm_api: Callable[..., SwarmApi],
    engine: Engine,
    backends: list[Backend],
    haproxy_binary: Path,
    make_haproxy: Callable[[Path], HAProxyServer],
    tmp_path: Path,
) -> None:
    engine.add_service("web", "votingapp", domain="local", health_check="/healthz")
    engine.add_task("web", "n1", backends[0].port)
    # All run on one machine: to be behind is to have managers that are ahead.
    right = [make_swarm_api("m1"), make_swarm_api("m2", ahead=900)]
    wrong = [make_swarm_api("m3", ahead=3), make_swarm_api("m4", ahead=3.2), right[0]]
    ports = [free_port(), free_port()]
    right.append(make_swarm_api("m5", ahead=0.1))
    with ExitStack() as ours, ExitStack() as theirs:

        def start(stack: ExitStack, mine: int, managers: list[SwarmApi]) -> Balancer:
            return stack.enter_context(
                balancer(
                    tmp_path / f"lb{mine}",
                    managers,
                    ports[mine],
                    [ports[1 - mine]],
                    haproxy_binary,
                    make_haproxy,
                )
            )

        a = start(ours, 0, wrong)
        wait_until(lambda: "this clock is -" in a.log.read_text())
        # It is alone, so it goes on.
        wait_until(a.serving)
        assert a.gauges()["interlock_clock_offset_seconds"] == pytest.approx(3, abs=0.5)
        assert a.gauges()["interlock_clock_known"] == 1
        b = start(theirs, 1, right)
        wait_until(a.draining)
        assert b.serving()
        assert b.gauges()["interlock_clock_offset_seconds"] == pytest.approx(0.1, abs=0.09)
        # Interlock starts again: it stays so.
        a.process.kill()
        ours.close()
        a = start(ours, 0, wrong)
        assert refused(a.port)
        wait_until(a.draining)
        # The other one's HAProxy ends, and voters are better served by this one than by none.
        b.server.kill()
        wait_until(a.serving)
        theirs.close()
        # Nor do both drain that are both wrong.
        b = start(theirs, 1, wrong)
        wait_until(lambda: "this clock is -" in b.log.read_text())
        wait_until(lambda: a.serving() and b.serving())


def test_whoever_does_not_answer_says_nothing() -> None:
    context = ssl.create_default_context()
    assert ask_manager(f"https://127.0.0.1:{free_port()}", context) is None
    assert ask_balancer(f"127.0.0.1:{free_port()}") is None
