"""HTTPS only, before a real HAProxy: who is sent where, and who is kept there."""

import base64
import contextlib
import socket

import pytest
from interlock.edge import Rates
from interlock.labels import Labels
from interlock.topology import Server, Service
from testing.edge import Edge, web
from testing.http_backend import Backend
from testing.waiting import wait_until

HSTS = "max-age=63072000"
HOSTS = ("votingapp.local", "www.example.org")
VOTE = Labels(HOSTS, health_check="/healthz", default=True, ssl_only=True)


@pytest.fixture
def strict(running: Edge, backends: list[Backend]) -> Edge:
    """A site with HTTPS only, and one beside it without."""
    plain = Service(
        "plain", Labels(("plain.local",)), (Server("c", "127.0.0.1", backends[2].port),)
    )
    running.bring_to(web(*backends[:2], labels=VOTE), plain)
    return running


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("host", "sent_to"),
    [
        ("votingapp.local", "votingapp.local"),
        ("VotingApp.local:8080", "votingapp.local"),
        ("www.example.org", "www.example.org"),
        # Not to where only the request says, but to where voters are known to be served.
        ("evil.example", "votingapp.local"),
        ("votingapp.local.evil.example", "votingapp.local"),
        ("127.0.0.1", "votingapp.local"),
    ],
)
def test_it_is_the_same_request_at_a_host_of_the_service(
    strict: Edge, method: str, host: str, sent_to: str
) -> None:
    body = b"vote=a" if method == "POST" else None
    status, _, headers = strict.get("/vote?x=//y", host, method=method, body=body)
    # 308 keeps method and body.
    assert status == 308
    assert headers["Location"] == f"https://{sent_to}:{strict.https_port}/vote?x=//y"
    # By RFC 6797, 7.2: it has no meaning where anybody on the way may write it.
    assert "Strict-Transport-Security" not in headers


def raw(edge: Edge, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", edge.port), timeout=15) as connection:
        connection.sendall(request)
        with contextlib.suppress(ConnectionResetError):
            return connection.makefile("rb").read()
    return b""


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET //evil.example/%0d%0aX: HTTP/1.1\r\nHost: votingapp.local\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: votingapp.local\r\n",
        b"GET / HTTP/1.1\r\nHost: votingapp.local\r\nHost: evil.example\r\n",
        b"GET / HTTP/1.1\r\nHost: votingapp.local\r\nX-Forwarded-Host: evil.example\r\n",
        b"GET / HTTP/1.0\r\n",
        b"GET / HTTP/1.1\r\nHost: votingapp.local@evil.example\r\n",
    ],
)
def test_no_request_is_sent_elsewhere(strict: Edge, request_line: bytes) -> None:
    answer = raw(strict, request_line + b"Connection: close\r\n\r\n").lower()
    sent = [line for line in answer.split(b"\r\n") if line.startswith(b"location:")]
    at_home = f"location: https://votingapp.local:{strict.https_port}/".encode()
    assert all(line.startswith(at_home) for line in sent)
    assert b" 308 " in answer.split(b"\r\n")[0] or b" 400 " in answer.split(b"\r\n")[0]
    assert b"\r\nx:" not in answer


def test_whoever_came_by_https_is_kept_there_whatever_the_answer(
    strict: Edge, backends: list[Backend]
) -> None:
    def kept(status: int, path: str = "/", **more: object) -> bool:
        answer = strict.get(path, https=True, **more)  # type: ignore[arg-type]
        assert answer[0] == status
        return answer[2]["Strict-Transport-Security"] == HSTS

    assert kept(200)
    assert kept(200, "/vote", method="POST", body=b"vote=a")
    assert kept(200, host="www.example.org")
    # What HAProxy says by itself, before it has chosen a service and after.
    assert kept(413, method="POST", body=b"x" * 9000)
    assert kept(401, "/haproxy?stats")
    word = base64.b64encode(f"admin:{strict.site.stats_password}".encode()).decode()
    assert kept(200, "/haproxy?stats", headers={"Authorization": f"Basic {word}"})
    for backend in backends[:2]:
        backend.statuses["/broken"] = 500
    assert kept(500, "/broken")
    strict.change(rates=Rates(refuse=1))
    strict.bring_to(web(labels=VOTE))
    assert kept(503)
    wait_until(lambda: strict.get(https=True)[0] == 429)
    assert kept(429)


def test_no_other_service_is_bound_to_https(strict: Edge) -> None:
    assert strict.get(host="plain.local")[:2] == (200, b"c")
    status, body, headers = strict.get(host="plain.local", https=True)
    assert (status, body) == (200, b"c")
    assert "Strict-Transport-Security" not in headers


def test_servers_are_checked_as_before(strict: Edge, backends: list[Backend]) -> None:
    backends[0].statuses["/healthz"] = 503
    wait_until(lambda: {strict.get(https=True)[1] for _ in range(8)} == {b"b"})


@pytest.mark.parametrize(
    ("trusted", "said", "status"),
    [
        ("127.0.0.0/8", "https", 200),
        ("127.0.0.0/8", "http", 308),
        ("127.0.0.0/8", None, 308),
        ("192.0.2.0/24", "https", 308),
    ],
)
def test_a_trusted_proxy_says_whether_the_voter_came_by_https(
    running: Edge, backends: list[Backend], trusted: str, said: str | None, status: int
) -> None:
    running.change(forwarded_for=(trusted,))
    running.bring_to(web(*backends[:2], labels=VOTE))
    headers = {} if said is None else {"X-Forwarded-Proto": said}
    answer = running.get(headers=headers)
    assert answer[0] == status
    assert answer[2]["Strict-Transport-Security"] == (HSTS if status == 200 else None)


def test_by_a_path_it_is_reached_at_any_name_that_is_one(
    running: Edge, backends: list[Backend]
) -> None:
    labels = Labels((), context_root="/shop", ssl_only=True)
    shop = Service("shop", labels, (Server("c", "127.0.0.1", backends[2].port),))
    running.bring_to(web(*backends[:2]), shop)
    for host in ("any.example", "127.0.0.1", "[::1]"):
        status, _, headers = running.get("/shop", host)
        assert (status, headers["Location"]) == (308, f"https://{host}:{running.https_port}/shop")
    for host in ("a@evil.example", "evil.example/x", "evil.example#", "evil.example?", "a\\b"):
        line = f"GET /shop HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        answer = raw(running, line.encode())
        assert answer.startswith(b"HTTP/1.1 400")
    assert running.get("/shop", "any.example", https=True)[2]["Strict-Transport-Security"] == HSTS
    assert running.get("/", "any.example")[0] == 200
