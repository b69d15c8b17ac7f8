"""The request's id and the edge token: made by the load balancer, and by nobody else."""

import socket
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from interlock.labels import Labels
from interlock.runtime import HAProxyError
from interlock.topology import Server, Service, Topology
from testing.edge import WEB, Edge, web
from testing.haproxy_server import HAProxyServer
from testing.http_backend import Backend
from testing.waiting import wait_until

OURS = ("x-request-id", "x-edge-token")


def seen(backends: list[Backend], path: str) -> list[list[tuple[str, str]]]:
    """Headers of each request for a path, names in small letters, WSGI's view of them."""
    return [
        [(name.lower().replace("_", "-"), value) for name, value in headers]
        for backend in backends
        for _, asked, headers, _ in backend.requests
        if asked == path
    ]


def milliseconds(request_id: str) -> int:
    """The time in a UUIDv7, by RFC 9562, 5.7."""
    made = uuid.UUID(request_id)
    assert made.version == 7
    return made.int >> 80


def test_the_id_has_the_time_at_which_the_load_balancer_had_the_request(
    running: Edge, backends: list[Backend]
) -> None:
    times = []
    for number in range(20):
        # By HAProxy's clock, which is read once in each of its rounds.
        before = time.time() * 1000 - 5
        running.get(f"/{number}", method="POST", body=b"vote=a")
        after = time.time() * 1000 + 5
        (headers,) = seen(backends, f"/{number}")
        times.append(milliseconds(dict(headers)["x-request-id"]))
        assert before <= times[-1] <= after
    assert times == sorted(times)


def test_a_repeated_request_has_the_time_of_the_first(
    running: Edge, backends: list[Backend]
) -> None:
    # a has it, and does not answer until the load balancer gives it up.
    running.server.kill()
    text = running.config.read_text()
    assert "timeout server 10s" in text
    running.config.write_text(text.replace("timeout server 10s", "timeout server 1s"))
    running.start()
    backends[0].may_answer.clear()
    before = time.time() * 1000
    found = []
    for number in range(2):
        assert running.get(f"/{number}", method="POST", body=b"vote=a")[:2] == (200, b"b")
        found += [seen(backends, f"/{number}")]
    repeated = [requests for requests in found if len(requests) > 1]
    assert repeated
    for requests in repeated:
        (request_id,) = {dict(headers)["x-request-id"] for headers in requests}
        assert milliseconds(request_id) >= before - 5
        # Not that of the second attempt.
        assert milliseconds(request_id) < time.time() * 1000 - 900
    backends[0].may_answer.set()


NAMES = [
    "X-Request-ID",
    "x-request-id",
    "X_Request_ID",
    "X-Request_ID",
    "X-Edge-Token",
    "X_Edge_Token",
    "X-EDGE_TOKEN",
]


def raw(edge: Edge, *lines: str, body: str = "") -> bytes:
    head = ["POST /raw HTTP/1.1", "Host: votingapp.local", "Connection: close", *lines, "", body]
    with socket.create_connection(("127.0.0.1", edge.port), timeout=15) as connection:
        connection.sendall("\r\n".join(head).encode())
        return connection.makefile("rb").read()


def assert_ours(edge: Edge, headers: list[tuple[str, str]]) -> None:
    found = [(name, value) for name, value in headers if name in OURS]
    assert sorted(name for name, _ in found) == sorted(OURS)
    assert dict(found)["x-edge-token"] == edge.site.edge_token
    milliseconds(dict(found)["x-request-id"])


@pytest.mark.parametrize(
    "lines",
    [
        *([f"{name}: mine"] for name in NAMES),
        [f"{name}: mine" for name in NAMES * 2],
        # A hop by hop header is not to reach the next hop.
        ["Connection: close, X-Request-ID, X-Edge-Token", "X-Request-ID: mine"],
        ["X-Request-ID:", "X-Edge-Token: "],
        ["X-Request-ID: mine,mine", "X-Edge-Token: a", "X-Edge-Token: b"],
    ],
)
def test_a_client_cannot_say_them(running: Edge, backends: list[Backend], lines: list[str]) -> None:
    body = "vote=a"
    assert raw(running, *lines, f"Content-Length: {len(body)}", body=body).startswith(b"HTTP/1.")
    (headers,) = seen(backends, "/raw")
    assert_ours(running, headers)


@pytest.mark.parametrize(
    "labels", [Labels(("shop.local",)), Labels((), context_root="/shop"), Labels((), default=True)]
)
def test_no_service_but_the_frontend_is_sent_the_token(
    running: Edge, backends: list[Backend], labels: Labels
) -> None:
    shop = Service("shop", labels, (Server("c", "127.0.0.1", backends[2].port),))
    votes = web(*backends[:2], labels=replace(WEB, default=False))
    running.bring_to(votes, shop)
    for spelled in ("X-Edge-Token", "x_edge_token"):
        running.get("/shop/cart", "shop.local", headers={spelled: "mine"})
    found = seen(backends, "/shop/cart")
    assert len(found) == 2
    for headers in found:
        assert {name for name, _ in headers if name in OURS} == {"x-request-id"}
    running.get("/ballot")
    (headers,) = seen(backends, "/ballot")
    assert_ours(running, headers)


@pytest.mark.parametrize(
    "lines",
    [
        ["X-Request-ID : mine"],
        [" X-Request-ID: mine"],
        ["X-A: b\nX-Edge-Token: mine"],
        ["X-A: b\rX-Edge-Token: mine"],
    ],
)
def test_what_could_be_read_in_two_ways_reaches_nobody_or_without_them(
    running: Edge, backends: list[Backend], lines: list[str]
) -> None:
    raw(running, *lines, "Content-Length: 0")
    for headers in seen(backends, "/raw"):
        assert_ours(running, headers)


def test_nor_after_the_body(running: Edge, backends: list[Backend]) -> None:
    body = "6\r\nvote=a\r\n0\r\nX-Request-ID: mine\r\nX-Edge-Token: mine\r\n\r\n"
    raw(running, "Transfer-Encoding: chunked", body=body)
    for headers in seen(backends, "/raw"):
        assert_ours(running, headers)


def http2(edge: Edge, *headers: tuple[str, str]) -> bytes:
    """Everything that is answered to one request for /raw with more headers."""
    head = [
        (":method", "GET"),
        (":scheme", "https"),
        (":path", "/raw"),
        (":authority", "votingapp.local"),
        *headers,
    ]
    # RFC 7541, 6.2.2: literal, not indexed, new name; all are shorter than 127 bytes.
    block = b"".join(
        b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
        for name, value in head
    )
    # RFC 9113: SETTINGS, then HEADERS of stream 1 with END_STREAM and END_HEADERS.
    frames = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]) + len(block).to_bytes(3) + b"\1\5\0\0\0\1" + block
    edge.trust.set_alpn_protocols(["h2"])
    plain = socket.create_connection(("127.0.0.1", edge.https_port), timeout=15)
    with edge.trust.wrap_socket(plain, server_hostname="votingapp.local") as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frames)
        answer = b""
        # Up to the end of stream 1: END_STREAM or RST_STREAM, or of the connection.
        while not _ended(answer):
            read = connection.recv(65536)
            if not read:
                break
            answer += read
        return answer


def _ended(frames: bytes) -> bool:
    while len(frames) >= 9:
        length = int.from_bytes(frames[:3])
        kind, flags, stream = frames[3], frames[4], int.from_bytes(frames[5:9])
        if stream == 1 and len(frames) >= 9 + length and (kind == 3 or (kind < 2 and flags & 1)):
            return True
        if kind == 7:
            return True
        frames = frames[9 + length :]
    return False


@pytest.mark.parametrize(
    "headers",
    [
        [("x-request-id", "mine"), ("x-edge-token", "mine")],
        [("x-request-id", "mine")] * 3,
        [("x_request_id", "mine"), ("x-edge_token", "mine")],
        [("X-Request-ID", "mine")],
        [("x-a", "b\r\nx-edge-token: mine")],
        [("x-edge-token ", "mine")],
    ],
)
def test_nor_by_http2(
    running: Edge, backends: list[Backend], headers: list[tuple[str, str]]
) -> None:
    assert http2(running, *headers)
    for found in seen(backends, "/raw"):
        assert_ours(running, found)
    # What is well formed comes through.
    http2(running, ("x-test", "1"))
    assert any(("x-test", "1") in found for found in seen(backends, "/raw"))


def test_the_token_of_a_test_vote_passes_and_is_not_logged(
    running: Edge, backends: list[Backend]
) -> None:
    for backend in backends:
        backend.statuses["/test"] = 500
    running.get("/test", method="POST", body=b"vote=test", headers={"X-Test-Token": "sesame"})
    assert {dict(headers)["x-test-token"] for headers in seen(backends, "/test")} == {"sesame"}
    wait_until(lambda: " 500 " in running.server.log_path.read_text())
    log = running.server.log_path.read_text()
    assert "sesame" not in log and running.site.edge_token not in log


def test_several_load_balancers_make_different_ids_before_the_same_servers(
    edge: Edge,
    backends: list[Backend],
    certificates: Path,
    make_haproxy: Callable[[Path], HAProxyServer],
    tmp_path: Path,
) -> None:
    edges = [edge]
    for name in ("second", "third"):
        directory = tmp_path / name
        directory.mkdir()
        for file in ("site.pem", "ca.crt"):
            (directory / file).write_text((certificates / file).read_text())
        edges.append(Edge(directory, directory / "site.pem", make_haproxy))
    for one in edges:
        write_first(one, backends)
        one.start()
        one.bring_to(web(*backends[:2]))
    last = 0
    for number in range(4):
        for one in edges:
            one.get(f"/{number}")
        made = [
            milliseconds(dict(headers)["x-request-id"]) for headers in seen(backends, f"/{number}")
        ]
        assert len(made) == len(edges)
        assert min(made) >= last
        last = max(made)
    found = [headers for number in range(4) for headers in seen(backends, f"/{number}")]
    assert len({dict(headers)["x-request-id"] for headers in found}) == len(found)
    for headers in found:
        assert_ours(edge, headers)


def write_first(edge: Edge, backends: list[Backend]) -> None:
    """The configuration, without a HAProxy to tell of it."""
    with pytest.raises(HAProxyError, match="does not answer"):
        edge.haproxy.bring_to(Topology((web(*backends[:2]),)))
