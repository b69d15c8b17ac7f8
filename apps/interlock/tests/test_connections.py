"""How long connections last, and what is left of them for those who come now."""

import http.client
import socket
from contextlib import ExitStack

import pytest
from interlock.edge import CONNECTIONS, Rates
from testing.edge import Edge, web
from testing.http_backend import Backend
from testing.ports import free_port
from testing.waiting import wait_until


def replace_and_restart(edge: Edge, old: str, new: str) -> None:
    edge.server.kill()
    text = edge.config.read_text()
    assert old in text
    edge.config.write_text(text.replace(old, new))
    edge.start()
    wait_until(lambda: edge.get("/x")[0] == 200)


def test_a_connection_lasts_while_somebody_reads(running: Edge) -> None:
    assert "timeout http-keep-alive 10s\n" in running.config.read_text()
    replace_and_restart(running, "timeout http-keep-alive 10s", "timeout http-keep-alive 600ms")
    with socket.create_connection(("127.0.0.1", running.port), timeout=15) as connection:
        for _ in range(2):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: votingapp.local\r\n\r\n")
            assert b"connection: close" not in connection.recv(65536).lower()
        # It ends by itself, then.
        assert connection.recv(65536) == b""


def closes(edge: Edge) -> bool:
    """Whether an answer ends its connection."""
    connection = http.client.HTTPConnection("127.0.0.1", edge.port, timeout=15)
    connection.request("GET", "/", headers={"Host": "votingapp.local"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.will_close


def test_of_very_many_connections_none_stays_idle(running: Edge) -> None:
    replace_and_restart(running, f"fe_conn gt {CONNECTIONS // 2} ", "fe_conn gt 5 ")
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(socket.create_connection(("127.0.0.1", running.port), timeout=15))
        assert not closes(running)
        for _ in range(4):
            stack.enter_context(socket.create_connection(("127.0.0.1", running.port), timeout=15))
        assert closes(running)
        # The busy page, too.
        running.bring_to(web())
        assert running.get()[0] == 503
        assert closes(running)
    wait_until(lambda: not closes(running))


@pytest.mark.parametrize("reloads", [1, 2])
def test_a_reload_forgets_no_limit(running: Edge, backends: list[Backend], reloads: int) -> None:
    running.change(rates=Rates(refuse=30))
    running.bring_to(web(*backends[:2]))
    while running.get()[0] == 200:
        pass
    worker = running.pid()
    for _ in range(reloads):
        running.runtime.reload()
    assert running.pid() != worker

    def known() -> bool:
        return "http_req_rate(10000)=" in running.runtime._ask("show table edge")

    wait_until(known, seconds=5)
    assert running.get()[0] == 429


def test_all_addresses_of_both_families_are_listened_at(
    running: Edge, backends: list[Backend]
) -> None:
    port = free_port()
    # As roles/interlock has them.
    running.change(http_bind=f":{port},:::{port}")
    running.bring_to(web(*backends[:2]))
    for address, seen in (("127.0.0.1", "127.0.0.1"), ("::1", "::1")):
        connection = http.client.HTTPConnection(address, port, timeout=15)
        connection.request("GET", f"/{seen}", headers={"Host": "votingapp.local"})
        assert connection.getresponse().status == 200
        connection.close()
        (headers,) = [r[2] for b in backends for r in b.requests if r[1] == f"/{seen}"]
        # An IPv4 address is told as one.
        assert dict(headers)["x-forwarded-for"] == seen
