"""TLS session tickets: of one load balancer, of another one, and as hours go by."""

import logging
import socket
import ssl
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import pytest
from interlock.haproxy import HAProxy
from interlock.tickets import HOUR, keys
from interlock.topology import Topology
from testing.edge import Edge, web
from testing.haproxy_server import HAProxyServer
from testing.http_backend import Backend

SECRET = "a-secret"
NOW = 500_000 * HOUR + 10.0


def test_the_last_hours_this_ones_and_the_next_ones() -> None:
    first, second = keys(SECRET, NOW), keys(SECRET, NOW + HOUR)
    assert first[1:] == second[:2]
    assert len({*first, *second}) == 4
    assert all(len(b64decode(key)) == 80 for key in first)
    assert keys(SECRET, NOW - 10) == first == keys(SECRET, NOW - 11 + HOUR)


def test_another_secret_has_other_keys() -> None:
    assert not set(keys(SECRET, NOW)) & set(keys("another", NOW))


VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


class Browser:
    """Keeps the session of its last connection, as browsers do."""

    def __init__(self, edge: Edge, version: ssl.TLSVersion) -> None:
        self._tls = ssl.create_default_context(cafile=edge.site.certificate)
        self._tls.load_verify_locations(Path(edge.site.certificate).with_name("ca.crt"))
        self._tls.minimum_version = self._tls.maximum_version = version
        self._session: ssl.SSLSession | None = None

    def resumes(self, edge: Edge) -> bool:
        """Whether a new connection goes on with the session of the one before."""
        plain = socket.create_connection(("127.0.0.1", edge.https_port), timeout=15)
        with self._tls.wrap_socket(
            plain, server_hostname="votingapp.local", session=self._session
        ) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: votingapp.local\r\n\r\n")
            # A ticket of TLS 1.3 comes after the handshake.
            assert connection.recv(65536)
            self._session = connection.session
            return bool(connection.session_reused)


def at(edge: Edge, hours: float) -> None:
    """Have another Interlock for this HAProxy, at another time."""
    edge.haproxy = HAProxy(
        edge.site, edge.config, edge.runtime, wall_clock=lambda: NOW + hours * HOUR
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_a_second_connection_is_spared_the_handshake(
    running: Edge, version: ssl.TLSVersion
) -> None:
    browser = Browser(running, version)
    assert [browser.resumes(running) for _ in range(3)] == [False, True, True]


@pytest.fixture
def second(
    make_haproxy: Callable[[Path], HAProxyServer],
    backends: list[Backend],
    certificates: Path,
    tmp_path: Path,
) -> Edge:
    """Another load balancer, with the same secret."""
    directory = tmp_path / "second"
    directory.mkdir()
    for name in ("site.pem", "ca.crt"):
        (directory / name).write_text((certificates / name).read_text())
    other = Edge(directory, directory / "site.pem", make_haproxy)
    other.begin(web(*backends[:2]))
    return other


@pytest.mark.parametrize("version", VERSIONS)
def test_another_load_balancer_goes_on_with_a_session(
    running: Edge, second: Edge, version: ssl.TLSVersion
) -> None:
    browser = Browser(running, version)
    assert not browser.resumes(running)
    assert browser.resumes(second)
    assert browser.resumes(running)


def test_one_with_another_secret_does_not(
    running: Edge, second: Edge, backends: list[Backend]
) -> None:
    second.change(ticket_secret="another")
    second.bring_to(web(*backends[:2]))
    browser = Browser(running, ssl.TLSVersion.TLSv1_3)
    assert not browser.resumes(running)
    assert not browser.resumes(second)


def test_keys_change_each_hour_without_a_reload_and_sessions_outlive_them_for_an_hour(
    running: Edge, backends: list[Backend], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    services = web(*backends[:2])
    at(running, 0)
    running.bring_to(services)
    worker = running.pid()
    kept, left = (Browser(running, ssl.TLSVersion.TLSv1_3) for _ in range(2))
    assert [kept.resumes(running), left.resumes(running)] == [False, False]
    at(running, 1)
    running.bring_to(services)
    assert kept.resumes(running)
    at(running, 2)
    running.bring_to(services)
    assert kept.resumes(running)
    # Of two hours before.
    assert not left.resumes(running)
    assert running.pid() == worker
    found = running.runtime.ticket_keys(running.config.with_name("tickets"))
    assert found == keys(SECRET, NOW + 2 * HOUR)
    assert not [key for key in found if key in caplog.text]


def test_a_restarted_haproxy_and_a_reloaded_one_have_the_keys_of_the_hour(
    running: Edge, backends: list[Backend]
) -> None:
    at(running, 5)
    running.bring_to(web(*backends[:2]))
    path = running.config.with_name("tickets")
    assert path.stat().st_mode & 0o777 == 0o640
    running.server.kill()
    running.start()
    assert running.runtime.ticket_keys(path) == keys(SECRET, NOW + 5 * HOUR)
    running.runtime.reload()
    assert running.runtime.ticket_keys(path) == keys(SECRET, NOW + 5 * HOUR)


def test_one_that_drains_has_no_listener_and_no_keys(
    running: Edge, backends: list[Backend]
) -> None:
    running.haproxy.drain(True)
    assert running.haproxy.bring_to(Topology((web(*backends[:2]),)))
    running.haproxy.drain(False)
    running.bring_to(web(*backends[:2]))
    assert not Browser(running, ssl.TLSVersion.TLSv1_3).resumes(running)
