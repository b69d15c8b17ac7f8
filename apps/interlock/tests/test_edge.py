"""What a real HAProxy does with requests, given the configuration that Interlock writes."""

import base64
import contextlib
import http.client
import socket
import ssl
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from interlock.edge import Rates
from interlock.haproxy import ConfigurationRefused
from testing.edge import Edge, web
from testing.haproxy_server import HAProxyServer
from testing.http_backend import Backend
from testing.waiting import wait_until


def secured(running: Edge) -> ssl.SSLSocket:
    """An encrypted connection, as a browser makes it."""
    plain = socket.create_connection(("127.0.0.1", running.https_port), timeout=15)
    return running.trust.wrap_socket(plain, server_hostname="votingapp.local")


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


@pytest.mark.parametrize("protocol", ["http/1.1", "h2"])
def test_https_speaks_the_protocol_that_the_browser_asks_for(running: Edge, protocol: str) -> None:
    running.trust.set_alpn_protocols([protocol])
    with secured(running) as connection:
        assert connection.selected_alpn_protocol() == protocol
        assert connection.version() == "TLSv1.3"


@pytest.mark.parametrize(
    ("version", "cipher", "accepted"),
    [
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-GCM-SHA256", True),
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0", False),
        (ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0", False),
    ],
)
def test_old_encryption_is_refused(
    running: Edge, version: ssl.TLSVersion, cipher: str, accepted: bool
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        running.trust.minimum_version = running.trust.maximum_version = version
    running.trust.set_ciphers(cipher)
    try:
        secured(running).close()
    except (ssl.SSLError, ConnectionError):
        assert not accepted
    else:
        assert accepted


def test_a_renewed_certificate_is_shown_without_a_lost_request(
    running: Edge, backends: list[Backend], certificates: Path
) -> None:
    def serial() -> str:
        with secured(running) as connection:
            return str(connection.getpeercert()["serialNumber"])

    before = serial()
    # A connection that was there before goes on.
    old = http.client.HTTPSConnection(
        "127.0.0.1", running.https_port, timeout=15, context=running.trust
    )
    old.request("GET", "/", headers={"Host": "votingapp.local"})
    assert old.getresponse().read() in (b"a", b"b")
    # The whole file at once, as those who renew certificates do it.
    renewed = running.config.with_name("renewed.pem")
    renewed.write_text((certificates / "renewed.pem").read_text())
    renewed.replace(running.site.certificate)
    running.bring_to(web(*backends[:2]))
    assert serial() != before
    old.request("GET", "/", headers={"Host": "votingapp.local"})
    assert old.getresponse().read() in (b"a", b"b")
    old.close()
    # No key is left lying about.
    assert len(list(running.config.parent.glob("certificate-*.pem"))) == 1


def test_a_key_of_another_certificate_is_refused(
    running: Edge, backends: list[Backend], certificates: Path
) -> None:
    wrong = (certificates / "site.crt").read_text() + (certificates / "renewed.key").read_text()
    Path(running.site.certificate).write_text(wrong)
    with pytest.raises(ConfigurationRefused, match="the last good one stays"):
        running.bring_to(web(*backends[:2]))
    secured(running).close()


def test_https_is_told_to_the_service(running: Edge, backends: list[Backend]) -> None:
    running.get("/https", https=True)
    (seen,) = [dict(r[2]) for b in backends for r in b.requests if r[1] == "/https"]
    assert seen["x-forwarded-proto"] == "https"


def forwarded(running: Edge, backends: list[Backend], **said: str) -> tuple[str, str]:
    """The address and the protocol that the service is told when a client said this."""
    headers = {name.replace("_", "-"): value for name, value in said.items()}
    running.get("/forwarded", headers=headers)
    seen = [dict(r[2]) for b in backends for r in b.requests if r[1] == "/forwarded"][-1]
    for backend in backends:
        backend.requests.clear()
    return seen["x-forwarded-for"], seen["x-forwarded-proto"]


def test_whom_a_trusted_upstream_speaks_for_is_believed(
    running: Edge, backends: list[Backend]
) -> None:
    running.change(forwarded_for=("192.0.2.0/24", "127.0.0.0/8"))
    running.bring_to(web(*backends[:2]))
    # The last one is what the upstream itself saw; those before it anybody may have written.
    several = "203.0.113.9, 198.51.100.7"
    assert forwarded(running, backends, X_Forwarded_For=several, X_Forwarded_Proto="https") == (
        "198.51.100.7",
        "https",
    )
    assert forwarded(running, backends, X_Forwarded_For="rubbish") == ("127.0.0.1", "http")
    assert forwarded(running, backends) == ("127.0.0.1", "http")


def test_nobody_else_is_believed(running: Edge, backends: list[Backend]) -> None:
    running.change(forwarded_for=("192.0.2.0/24",))
    running.bring_to(web(*backends[:2]))
    said = {"X_Forwarded_For": "198.51.100.7", "X_Forwarded_Proto": "https"}
    assert forwarded(running, backends, **said) == ("127.0.0.1", "http")


def proxied(running: Edge, line: bytes) -> bytes:
    """What HAProxy answers to a connection that begins with a line of the PROXY protocol."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=15) as connection:
        connection.sendall(line + b"GET /proxied HTTP/1.0\r\nHost: votingapp.local\r\n\r\n")
        return connection.makefile("rb").read()


LINE = b"PROXY TCP4 198.51.100.7 192.0.2.1 1234 80\r\n"


def test_the_proxy_protocol_of_a_named_upstream(running: Edge, backends: list[Backend]) -> None:
    running.change(proxy_protocol=("127.0.0.0/8",))
    running.bring_to(web(*backends[:2]))
    assert proxied(running, LINE).startswith(b"HTTP/1.0 200 ")
    (seen,) = [dict(r[2]) for b in backends for r in b.requests if r[1] == "/proxied"]
    assert seen["x-forwarded-for"] == "198.51.100.7"
    # It is no choice: without the line, who is behind the upstream would not be known.
    with contextlib.suppress(ConnectionResetError):
        assert proxied(running, b"") == b""


def test_the_proxy_protocol_of_nobody_else(running: Edge, backends: list[Backend]) -> None:
    running.change(proxy_protocol=("192.0.2.0/24",))
    running.bring_to(web(*backends[:2]))
    assert proxied(running, LINE).startswith(b"HTTP/1.1 400")
    assert proxied(running, b"").startswith(b"HTTP/1.0 200 ")


def test_who_asks_too_often_is_flagged_then_slowed_then_refused(
    running: Edge, backends: list[Backend]
) -> None:
    running.change(rates=Rates(flag=3, slow=6, refuse=8), forwarded_for=("127.0.0.0/8",))
    running.bring_to(web(backends[0]))
    backends[0].requests.clear()

    def ask(address: str) -> tuple[int, float]:
        start = time.monotonic()
        headers = {"X-Forwarded-For": address, "X-Rate-Flag": "mine"}
        status, _, answer = running.get("/", headers=headers, method="POST", body=b"vote=a")
        if status == 429:
            assert answer["Retry-After"] == "5"
        return status, time.monotonic() - start

    found = [ask("198.51.100.7") for _ in range(10)]
    assert [status for status, _ in found] == [200] * 8 + [429] * 2
    assert [number for number, (_, took) in enumerate(found, 1) if took >= 1] == [7, 8]
    flags = [dict(headers).get("x-rate-flag") for _, _, headers, _ in backends[0].requests]
    assert flags == [None] * 3 + ["4", "5", "6", "7", "8"]
    # Others notice nothing; of IPv6, a whole /64 is one.
    assert ask("198.51.100.8")[0] == 200
    statuses = [ask(f"2001:db8::{n}")[0] for n in range(9)]
    assert statuses == [200] * 8 + [429]
    assert ask("2001:db8:0:1::1")[0] == 200
    assert 'haproxy_frontend_requests_denied_total{proxy="edge"} 3' in running.metrics()


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


@pytest.mark.parametrize(("upstream", "seconds"), [((), 5), (("192.0.2.0/24",), 75)])
def test_an_upstream_ends_idle_connections_before_we_do(
    running: Edge, backends: list[Backend], upstream: tuple[str, ...], seconds: int
) -> None:
    # Load balancers commonly do it after 60 s. Who closes first loses the request on its way.
    running.change(forwarded_for=upstream)
    running.bring_to(web(*backends[:2]))
    assert f"timeout http-keep-alive {seconds}s\n" in running.config.read_text()
