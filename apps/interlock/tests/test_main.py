"""The whole of it: a Swarm's API behind swarm-api, `python -m interlock`, a real HAProxy."""

import http.client
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from common.heartbeat import Heartbeat
from interlock import __main__ as program
from interlock import health
from interlock.config import Config, from_env
from interlock.events import Bell
from interlock.haproxy import ConfigurationRefused
from interlock.metrics import Metrics
from interlock.runtime import HAProxyError
from interlock.swarm import SwarmError
from interlock.topology import Topology
from testing.docker_engine import Engine
from testing.haproxy_server import HAProxyServer
from testing.http_backend import Backend
from testing.internal_tls import directory_of
from testing.ports import free_port
from testing.swarm_api import SwarmApi
from testing.waiting import wait_until


@pytest.fixture
def env(tmp_path: Path, swarm_api: SwarmApi) -> dict[str, str]:
    """The environment of the container, with a short tick."""
    certificate = (swarm_api.directory / "site.pem").read_text()
    (tmp_path / "site.pem").write_text(certificate)
    (tmp_path / "edge_token").write_text("token\n")
    (tmp_path / "new_voter_key").write_text("key\n")
    (tmp_path / "ticket_secret").write_text("secret\n")
    (tmp_path / "stats_password").write_text("password\n")
    return {
        "SWARM_API": f"https://127.0.0.1:{free_port()},{swarm_api.url}",
        "TLS_CA": str(swarm_api.directory / "ca.crt"),
        "TLS_CERT": str(swarm_api.directory / "interlock.crt"),
        "TLS_KEY": str(swarm_api.directory / "interlock.key"),
        "HAPROXY_CONFIG": str(tmp_path / "haproxy.cfg"),
        "HAPROXY_ADMIN_SOCKET": str(tmp_path / "admin.sock"),
        "HAPROXY_MASTER_SOCKET": str(tmp_path / "master.sock"),
        "EDGE_TOKEN_FILE": str(tmp_path / "edge_token"),
        "NEW_VOTER_KEY_FILE": str(tmp_path / "new_voter_key"),
        "TICKET_SECRET_FILE": str(tmp_path / "ticket_secret"),
        "STATS_PASSWORD_FILE": str(tmp_path / "stats_password"),
        "HTTP_BIND": f"127.0.0.1:{free_port()}",
        "HTTPS_BIND": f"127.0.0.1:{free_port()}",
        "SITE_CERTIFICATE": str(tmp_path / "site.pem"),
        "INTERNAL_CA": str(directory_of("interlock") / "internal_ca"),
        "HAPROXY_METRICS_BIND": f"127.0.0.1:{free_port()}",
        "METRICS_BIND": f"127.0.0.1:{free_port()}",
        "TICK": "0.1",
        "DEBOUNCE_MIN": "0.02",
    }


@pytest.fixture
def interlock(
    env: dict[str, str], haproxy_binary: Path, tmp_path: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """The running program; what it says is in `interlock.log`."""
    path = f"{haproxy_binary.parent}:{os.environ['PATH']}"
    source = Path(program.__file__).parents[1]
    with (tmp_path / "interlock.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "interlock"],
            env=env | {"PATH": path, "PYTHONPATH": f"{source}:{source.parent}"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    yield process
    process.kill()
    process.wait(10)


def test_a_swarm_becomes_a_site(
    interlock: subprocess.Popen[bytes],
    engine: Engine,
    backends: list[Backend],
    env: dict[str, str],
    tmp_path: Path,
    make_haproxy: Callable[[Path], HAProxyServer],
) -> None:
    def answering(host: str = "votingapp.local") -> set[bytes]:
        found = set()
        for _ in range(6):
            connection = http.client.HTTPConnection(env["HTTP_BIND"], timeout=5)
            connection.request("GET", "/", headers={"Host": host})
            response = connection.getresponse()
            found.add(response.read() if response.status == 200 else b"error")
            connection.close()
        return found

    def listening() -> bool:
        host, _, port = env["HTTP_BIND"].rpartition(":")
        with socket.socket() as probe:
            return probe.connect_ex((host, int(port))) == 0

    def metrics() -> set[str]:
        connection = http.client.HTTPConnection(env["METRICS_BIND"], timeout=5)
        try:
            connection.request("GET", "/metrics")
            return set(connection.getresponse().read().decode().splitlines())
        finally:
            connection.close()

    a, b, c = backends
    config = tmp_path / "haproxy.cfg"
    # Nothing is configured but what the Swarm says.
    wait_until(config.exists)
    server = make_haproxy(config)
    server.start(listening)
    engine.add_service("web", "votingapp", domain="local", health_check="/healthz")
    first = engine.add_task("web", "n1", a.port)
    wait_until(lambda: answering() == {b"a"})
    engine.add_task("web", "n2", b.port)
    wait_until(lambda: answering() == {b"a", b"b"})

    # An unreadable Swarm changes nothing.
    engine.broken = True
    log = tmp_path / "interlock.log"
    wait_until(lambda: "broken" in log.read_text())
    assert answering() == {b"a", b"b"}
    engine.broken = False

    # A graceful stop: no request goes there any more.
    first["DesiredState"] = "shutdown"
    wait_until(lambda: answering() == {b"b"})

    # HAProxy dies, and the Swarm changes meanwhile.
    server.kill()
    engine.add_task("web", "n3", c.port)
    wait_until(lambda: f"n3-{c.port}" in config.read_text())
    server.start(listening)
    wait_until(lambda: answering() == {b"b", b"c"})

    # A service with a wrong label harms no other.
    engine.add_service("api", "api.local", port="http")
    wait_until(lambda: "service api is left out" in log.read_text())
    assert answering() == {b"b", b"c"}
    wait_until(lambda: {"interlock_services 1", "interlock_problems 1"} <= metrics())
    assert "interlock_configuration_valid 1" in metrics()

    # A certificate that is none is refused, and that is seen from outside.
    (tmp_path / "site.pem").write_text("none")
    wait_until(lambda: "interlock_configuration_valid 0" in metrics())
    assert answering() == {b"b", b"c"}
    assert "the last good one stays" in log.read_text()

    assert "token" not in log.read_text()
    interlock.terminate()
    assert interlock.wait(10) == 0
    assert "leaving" in log.read_text()
    assert answering() == {b"b", b"c"}


def test_the_environment_is_read(env: dict[str, str]) -> None:
    config = from_env(env)
    assert config.swarm_api[1] == env["SWARM_API"].split(",")[1]
    assert (config.tick, config.debounce_min, config.debounce_max) == (0.1, 0.02, 2)
    assert config.site.edge_token == "token"
    assert "token'" not in repr(config)


@pytest.mark.parametrize("secret", ["", "two words", "línea", "a\nb"])
def test_a_useless_secret_is_refused(env: dict[str, str], tmp_path: Path, secret: str) -> None:
    (tmp_path / "edge_token").write_text(secret)
    with pytest.raises(ValueError, match="edge_token"):
        from_env(env)


def rounds(config: Config, *answers: Topology | Exception) -> list[Topology]:
    """What HAProxy was brought to, when reading gave these answers one after the other."""
    bell = Bell()
    bell.ring()
    left = list(answers)
    reached: list[Topology] = []

    def read() -> Topology:
        answer = left.pop(0)
        bell.ring() if left else bell.stop()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def bring_to(topology: Topology) -> bool:
        reached.append(topology)
        return True

    program.run(config, bell, read, bring_to, lambda: False, Metrics())
    return reached


def test_what_cannot_be_read_changes_nothing(
    env: dict[str, str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(program, "HEARTBEAT", Heartbeat(tmp_path / "alive"))
    empty = Topology(())
    assert rounds(from_env(env), empty, SwarmError("gone"), empty) == [empty, empty]
    assert [r.message for r in caplog.records if r.levelno == logging.ERROR] == ["gone"]
    assert (tmp_path / "alive").exists()


def test_draining_needs_no_manager(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(program, "HEARTBEAT", Heartbeat(tmp_path / "alive"))
    bell = Bell()
    bell.ring()
    metrics = Metrics(serving=1)
    drained: list[bool] = []

    def drain() -> bool:
        drained.append(True)
        bell.stop()
        return True

    def read() -> Topology:
        raise SwarmError("gone")

    program.run(from_env(env), bell, read, lambda _: True, drain, metrics)
    assert drained == [True]
    assert metrics.rounds_failed_total == 1


@pytest.mark.parametrize(
    ("error", "serving"),
    [
        (None, 1),
        (SwarmError("gone"), 1),
        (ConfigurationRefused("HAProxy runs the last good one"), 1),
        (HAProxyError("no answer"), 0),
    ],
)
def test_who_serves_is_told(
    env: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    error: Exception | None,
    serving: int,
) -> None:
    monkeypatch.setattr(program, "HEARTBEAT", Heartbeat(tmp_path / "alive"))
    bell = Bell()
    bell.ring()
    metrics = Metrics(serving=1)

    def bring_to(topology: Topology) -> bool:
        bell.stop()
        if error is not None:
            raise error
        return True

    program.run(from_env(env), bell, lambda: Topology(()), bring_to, lambda: False, metrics)
    assert metrics.serving == serving
    bell.ring()
    program.run(from_env(env), bell, lambda: Topology(()), bring_to, lambda: True, metrics)
    assert metrics.serving == (0 if error is None else serving)


def test_a_problem_is_said_once(
    env: dict[str, str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(program, "HEARTBEAT", Heartbeat(tmp_path / "alive"))
    wrong = Topology((), ("service web is left out",))
    rounds(from_env(env), wrong, wrong, Topology(()), wrong)
    said = [r.message for r in caplog.records if r.levelno == logging.WARNING]
    assert said == ["service web is left out"] * 2


@pytest.mark.parametrize(("age", "exit_code"), [(None, 1), (1, 0), (1000, 1)])
def test_health(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, age: float | None, exit_code: int
) -> None:
    heartbeat = tmp_path / "alive"
    monkeypatch.setattr(health, "HEARTBEAT", Heartbeat(heartbeat))
    if age is not None:
        Heartbeat(heartbeat).beat()
        then = heartbeat.stat().st_mtime - age
        os.utime(heartbeat, (then, then))
    assert health.main() == exit_code
