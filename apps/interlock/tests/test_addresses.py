"""Whom a request comes from, who is believed on that, and how often one may ask."""

import contextlib
import socket
import time

from interlock.edge import Rates
from testing.edge import Edge, web
from testing.http_backend import Backend


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
        # What it has not read, a closed socket answers with a reset.
        with contextlib.suppress(ConnectionResetError):
            return connection.makefile("rb").read()
    return b""


LINE = b"PROXY TCP4 198.51.100.7 192.0.2.1 1234 80\r\n"


def test_the_proxy_protocol_of_a_named_upstream(running: Edge, backends: list[Backend]) -> None:
    running.change(proxy_protocol=("127.0.0.0/8",))
    running.bring_to(web(*backends[:2]))
    assert proxied(running, LINE).startswith(b"HTTP/1.0 200 ")
    (seen,) = [dict(r[2]) for b in backends for r in b.requests if r[1] == "/proxied"]
    assert seen["x-forwarded-for"] == "198.51.100.7"
    # It is no choice: without the line, who is behind the upstream would not be known.
    assert proxied(running, b"") == b""


def test_the_proxy_protocol_of_nobody_else(running: Edge, backends: list[Backend]) -> None:
    running.change(proxy_protocol=("192.0.2.0/24",))
    running.bring_to(web(*backends[:2]))
    assert not proxied(running, LINE).startswith(b"HTTP/1.0 200")
    assert [r for b in backends for r in b.requests if r[1] == "/proxied"] == []
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


def test_statistics_are_for_operators_networks_only(running: Edge, backends: list[Backend]) -> None:
    running.change(forwarded_for=("127.0.0.0/8",), stats_networks=("10.0.0.0/8",))
    running.bring_to(web(*backends[:2]))

    def status(address: str, path: str = "/haproxy?stats;csv") -> int:
        return running.get(path, headers={"X-Forwarded-For": address}, https=True)[0]

    assert status("10.1.2.3") == 401
    assert status("203.0.113.9") == 404
    # A name before the path changes nothing.
    assert status("203.0.113.9", "http://votingapp.local/haproxy?stats") == 404
    assert status("203.0.113.9", "/") == 200
