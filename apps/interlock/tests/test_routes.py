"""Which service a request reaches, and how: labels, before a real HAProxy."""

import ssl
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from interlock.labels import Labels
from interlock.topology import Server, Service
from testing.edge import WEB, Edge, web
from testing.http_backend import Backend
from testing.waiting import wait_until


def app(labels: Labels, backend: Backend) -> Service:
    return Service("app", labels, (Server("c", "127.0.0.1", backend.port),))


def seen(backend: Backend) -> list[str]:
    """The paths that it was asked for."""
    return [path for _, path, _, _ in backend.requests]


@pytest.mark.parametrize(
    ("host", "path", "found"),
    [
        ("other.local", "/app", b"c"),
        ("other.local", "/app/deep?x=1", b"c"),
        ("other.local", "/apple", b"a"),
        ("other.local", "/x/app", b"a"),
        # A host name decides before a path does.
        ("votingapp.local", "/app", b"a"),
    ],
)
def test_a_context_root_is_served_at_every_host_that_is_nobodys(
    running: Edge, backends: list[Backend], host: str, path: str, found: bytes
) -> None:
    a, _, c = backends
    running.bring_to(web(a), app(Labels((), context_root="/app"), c))
    assert running.get(path, host)[1] == found


def test_the_longer_context_root_wins(running: Edge, backends: list[Backend]) -> None:
    a, b, c = backends
    inner = Service("a", Labels((), context_root="/app/in"), (Server("b", "127.0.0.1", b.port),))
    running.bring_to(web(a), app(Labels((), context_root="/app"), c), inner)
    found = [running.get(path, "other.local")[1] for path in ("/app/in/x", "/app/inn", "/app")]
    assert found == [b"b", b"c", b"c"]


@pytest.mark.parametrize(
    ("rewrite", "paths"),
    [(False, ["/app", "/app/x?y=/app/z", "/app/"]), (True, ["/", "/x?y=/app/z", "/"])],
)
def test_a_context_root_is_taken_off_where_that_is_asked_for(
    running: Edge, backends: list[Backend], rewrite: bool, paths: list[str]
) -> None:
    a, _, c = backends
    labels = Labels((), context_root="/app", context_root_rewrite=rewrite)
    running.bring_to(web(a), app(labels, c))
    for path in ("/app", "/app/x?y=/app/z", "/app/"):
        running.get(path, "other.local")
    assert seen(c) == paths


def test_ssl_only_sends_voters_to_https_and_keeps_them_there(
    running: Edge, backends: list[Backend]
) -> None:
    running.bring_to(web(backends[0], labels=Labels(WEB.hosts, ssl_only=True)))
    status, _, headers = running.get("/vote?x=1", method="POST", body=b"vote=a")
    # 308: the vote is sent again as it is, not asked for.
    assert status == 308
    assert headers["Location"] == f"https://votingapp.local:{running.https_port}/vote?x=1"
    assert "Strict-Transport-Security" not in headers
    status, body, headers = running.get("/vote", method="POST", body=b"vote=a", https=True)
    assert (status, body) == (200, b"a")
    assert headers["Strict-Transport-Security"] == "max-age=63072000"


def test_without_ssl_only_nobody_is_bound_to_https(running: Edge) -> None:
    assert "Strict-Transport-Security" not in running.get(https=True)[2]


@pytest.fixture
def tls_server(certificates: Path) -> ThreadingHTTPServer:
    """A server that speaks HTTPS only, with a certificate that no public authority has signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "site.pem")
    backend = Backend("tls", context)
    yield backend
    backend.close()


@pytest.mark.parametrize(("verify", "status"), [("none", 200), ("required", 503)])
def test_ssl_backend(running: Edge, tls_server: Backend, verify: str, status: int) -> None:
    labels = Labels(
        ("votingapp.local",),
        health_check="/healthz",
        ssl_backend=True,
        ssl_backend_tls_verify=verify,
    )
    running.bring_to(Service("web", labels, ()))
    # At run time, as most servers come.
    running.bring_to(web(tls_server, labels=labels))
    wait_until(lambda: running.get()[0] == status)


def test_beyond_what_servers_can_take_the_rest_is_told_at_once(
    running: Edge, backends: list[Backend]
) -> None:
    a = backends[0]
    running.bring_to(web(a, labels=Labels(WEB.hosts, max_connections=1)))
    a.may_answer.clear()
    a.requests.clear()
    answers: list[tuple[int, str | None]] = []

    def ask() -> None:
        status, _, headers = running.get(method="POST", body=b"vote=a")
        answers.append((status, headers["Retry-After"]))

    # One is served, ten wait, and whoever comes then is told to come again.
    clients = [threading.Thread(target=ask) for _ in range(16)]
    for client in clients:
        client.start()
    wait_until(lambda: len(answers) >= 5)
    assert answers == [(503, "5")] * 5
    a.may_answer.set()
    for client in clients:
        client.join(15)
    assert sorted(status for status, _ in answers) == [200] * 11 + [503] * 5
    # The server never had more than it can take, and what was shed is counted.
    assert len(a.requests) == 11
    assert 'haproxy_backend_requests_denied_total{proxy="frontend"} 5' in running.metrics()
