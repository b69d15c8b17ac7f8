"""What a real HAProxy does with requests, given the configuration that Interlock writes."""

import base64
import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from interlock.labels import Labels
from interlock.topology import Server
from testing.edge import WEB, Edge, web
from testing.haproxy_server import HAProxyServer
from testing.http_backend import Backend
from testing.waiting import wait_until


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


def test_a_server_added_at_run_time_is_checked_too(running: Edge, backends: list[Backend]) -> None:
    running.bring_to(web(*backends))
    wait_until(lambda: running.answering() == {b"a", b"b", b"c"})
    backends[2].statuses["/healthz"] = 503
    wait_until(lambda: running.answering() == {b"a", b"b"})


def test_no_server_left_is_a_friendly_page(running: Edge) -> None:
    running.bring_to(web())
    status, body, headers = running.get()
    assert (status, headers["Retry-After"]) == (503, "5")
    assert b"try again" in body


def test_a_silent_stream_outlives_the_timeouts(
    running: Edge, backends: list[Backend], make_haproxy: Callable[[Path], HAProxyServer]
) -> None:
    running.server.kill()
    text = running.config.read_text()
    for side in ("client", "server"):
        assert f"timeout {side} 10s" in text
        text = text.replace(f"timeout {side} 10s", f"timeout {side} 500ms")
    running.config.write_text(text)
    running.start()
    for backend in backends:
        backend.may_answer.clear()
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=15)
    connection.request("GET", "/events", headers={"Host": "votingapp.local"})
    stream = connection.getresponse()
    # An ordinary answer that does not come is given up, after its retries.
    assert running.get("/slow")[0] == 504
    for backend in backends:
        backend.may_answer.set()
    assert stream.read() in (b"data: a\n\n", b"data: b\n\n")
    connection.close()


@pytest.mark.parametrize("size", [8193, 100_000])
def test_a_large_body_is_refused(running: Edge, backends: list[Backend], size: int) -> None:
    assert running.get("/big", method="POST", body=b"x" * 8192)[0] == 200
    before = sum(len(b.requests) for b in backends)
    assert running.get("/big", method="POST", body=b"x" * size)[0] == 413
    assert sum(len(b.requests) for b in backends) == before


def test_statistics_need_the_password(running: Edge) -> None:
    # Nobody is asked for it in the clear.
    status, _, headers = running.get("/haproxy?stats")
    assert (status, headers["Location"]) == (
        308,
        f"https://votingapp.local:{running.https_port}/haproxy?stats",
    )
    assert running.get("/haproxy?stats", https=True)[0] == 401
    began = time.monotonic()
    wrong = {"Authorization": "Basic YWRtaW46eA=="}
    status, _, headers = running.get("/haproxy?stats", headers=wrong, https=True)
    assert (status, headers["WWW-Authenticate"]) == (401, 'Basic realm="Landslide"')
    # It is slowed, and logged.
    assert time.monotonic() - began > 1.5
    wait_until(lambda: " 401 " in running.server.log_path.read_text())
    word = base64.b64encode(f"admin:{running.site.stats_password}".encode()).decode()
    login = {"Authorization": f"Basic {word}"}
    status, page, _ = running.get("/haproxy?stats", headers=login, https=True)
    assert status == 200
    assert b"node-a" in page


def test_metrics_are_on_their_own_port(running: Edge) -> None:
    own = running.port
    running.port = int(running.site.metrics_bind.rpartition(":")[2])
    status, page, _ = running.get("/metrics")
    assert status == 200
    assert b'haproxy_server_status{proxy="frontend",server="node-a"' in page
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


def test_a_slow_sender_reaches_no_server(running: Edge, backends: list[Backend]) -> None:
    running.server.kill()
    text = running.config.read_text()
    assert "timeout http-request 5s" in text
    running.config.write_text(text.replace("timeout http-request 5s", "timeout http-request 300ms"))
    running.start()
    with socket.create_connection(("127.0.0.1", running.port), timeout=15) as connection:
        head = b"POST /slow HTTP/1.1\r\nHost: votingapp.local\r\nContent-Length: 6\r\n\r\n"
        connection.sendall(head + b"vote")
        assert connection.makefile("rb").read().startswith(b"HTTP/1.1 408")
    assert [r for b in backends for r in b.requests if r[1] == "/slow"] == []


def test_a_large_body_in_chunks_is_refused(running: Edge, backends: list[Backend]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=15)
    chunks = iter([b"x" * 5000] * 4)
    connection.request("POST", "/big", chunks, {"Host": "votingapp.local"}, encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()
    assert [r for b in backends for r in b.requests if r[1] == "/big"] == []


def test_headers_that_keep_a_browser_out_of_trouble(running: Edge) -> None:
    _, _, headers = running.get()
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "Server" not in headers


@pytest.mark.parametrize(("upstream", "seconds"), [((), 10), (("192.0.2.0/24",), 75)])
def test_an_upstream_ends_idle_connections_before_we_do(
    running: Edge, backends: list[Backend], upstream: tuple[str, ...], seconds: int
) -> None:
    # Load balancers commonly do it after 60 s. Who closes first loses the request on its way.
    running.change(forwarded_for=upstream)
    running.bring_to(web(*backends[:2]))
    assert f"timeout http-keep-alive {seconds}s\n" in running.config.read_text()


def test_a_vote_in_the_hands_of_a_server_that_dies_goes_to_another(
    running: Edge, backends: list[Backend]
) -> None:
    dying = socket.create_server(("127.0.0.1", 0))

    def die() -> None:
        # It has read the vote, and may have stored it. Checks are connections without a word.
        with contextlib.suppress(OSError):
            while True:
                connection, _ = dying.accept()
                read = b""
                while chunk := connection.recv(65536):
                    read += chunk
                    if b"vote=a" in read:
                        votes.append(read)
                        break
                connection.close()

    votes: list[bytes] = []
    thread = threading.Thread(target=die)
    thread.start()
    services = web(backends[0], labels=Labels(WEB.hosts))
    broken = Server("node-dying", "127.0.0.1", dying.getsockname()[1])
    try:
        running.bring_to(replace(services, servers=(*services.servers, broken)))
        for _ in range(8):
            assert running.get(method="POST", body=b"vote=a")[:2] == (200, b"a")
    finally:
        dying.shutdown(socket.SHUT_RDWR)
        dying.close()
        thread.join()
    assert votes
