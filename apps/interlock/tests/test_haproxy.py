"""Against a real HAProxy: changes of servers and of structure, under requests."""

import contextlib
import http.client
import os
import signal
import threading
from dataclasses import replace

import pytest
from interlock import haproxy
from interlock.haproxy import CERTIFICATES, HAProxy
from interlock.labels import Labels
from interlock.render import render
from interlock.runtime import HAProxyError
from interlock.topology import Server, Service, Topology
from testing.edge import Edge, web
from testing.http_backend import Backend
from testing.waiting import wait_until


def more(statuses: list[int], count: int = 100) -> None:
    """Wait for further requests."""
    goal = len(statuses) + count
    wait_until(lambda: len(statuses) >= goal)


def test_servers_come_and_go_without_a_reload(
    running: Edge, backends: list[Backend], load: list[int]
) -> None:
    a, b, c = backends
    worker = running.pid()
    running.bring_to(web(a, b, c))
    wait_until(lambda: running.answering() == {b"a", b"b", b"c"})
    more(load)
    running.bring_to(web(b, c))
    assert running.answering() == {b"b", b"c"}
    a.close()
    more(load)
    running.bring_to(web(c))
    assert running.answering() == {b"c"}
    assert running.runtime.servers().keys() == {("frontend", "node-c")}
    more(load)
    assert running.pid() == worker
    assert set(load) == {200}
    assert "node-c" in running.config.read_text()
    assert "node-a" not in running.config.read_text()


def test_a_server_that_drains_ends_what_it_has_begun(
    running: Edge, backends: list[Backend]
) -> None:
    a, b, _ = backends
    a.may_answer.clear()
    b.may_answer.clear()
    answers: list[bytes] = []
    clients = [threading.Thread(target=lambda: answers.append(running.get()[1])) for _ in range(2)]
    for client in clients:
        client.start()
    wait_until(lambda: len(a.requests) + len(b.requests) >= 14)
    b.may_answer.set()
    for _ in range(5):
        assert not running.haproxy.bring_to(Topology((web(b),)))
    assert ("frontend", "node-a") in running.runtime.servers()
    a.may_answer.set()
    for client in clients:
        client.join(15)
    assert sorted(answers) == [b"a", b"b"]
    running.bring_to(web(b))
    assert running.runtime.servers().keys() == {("frontend", "node-b")}


def test_a_server_that_never_ends_is_cut_off(
    running: Edge, backends: list[Backend], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(haproxy, "DRAIN_LIMIT", 0.2)
    a, b, _ = backends
    a.may_answer.clear()
    b.may_answer.clear()

    def ask() -> None:
        # One of the two is cut off, and that is the point.
        with contextlib.suppress(http.client.RemoteDisconnected):
            running.get()

    clients = [threading.Thread(target=ask) for _ in range(2)]
    before = len(a.requests) + len(b.requests)
    for client in clients:
        client.start()
    wait_until(lambda: len(a.requests) + len(b.requests) >= before + 2)
    running.bring_to(web(b))
    assert running.runtime.servers().keys() == {("frontend", "node-b")}
    a.may_answer.set()
    b.may_answer.set()
    for client in clients:
        client.join(15)


def test_a_moved_server_is_followed(running: Edge, backends: list[Backend]) -> None:
    a, b, c = backends
    running.bring_to(web(a, port=c.port))
    wait_until(lambda: running.answering() == {b"c"})
    assert b.requests


def test_a_new_service_is_a_reload_without_a_lost_request(
    running: Edge, backends: list[Backend], load: list[int]
) -> None:
    a, b, c = backends
    worker = running.pid()
    more(load)
    labels = Labels(("results.local",), balance_algorithm="leastconn")
    results = Service("results", labels, (Server("c", "127.0.0.1", c.port),))
    running.bring_to(web(a, b), results)
    more(load)
    assert running.pid() != worker
    assert running.get(host="Results.local:8080")[1] == b"c"
    # The others' requests have their turns, too.
    wait_until(lambda: running.answering() == {b"a", b"b"})
    running.bring_to(web(a, b))
    assert running.get(host="results.local")[1] in (b"a", b"b")
    more(load)
    assert set(load) == {200}


def test_an_invalid_configuration_is_refused(running: Edge, backends: list[Backend]) -> None:
    worker = running.pid()
    good = running.config.read_text()
    bad = Service(
        "bad", Labels(("b.local",), balance_algorithm="no-such-algorithm edge%to'ken"), ()
    )
    with pytest.raises(HAProxyError, match="the last good one stays") as raised:
        running.bring_to(web(*backends[:2]), bad)
    assert "no-such-algorithm" in str(raised.value)
    assert running.site.edge_token not in str(raised.value)
    assert running.config.read_text() == good
    assert [path.name for path in running.config.parent.glob("*.new")] == []
    assert running.pid() == worker
    assert running.answering() == {b"a", b"b"}


def test_a_failed_reload_brings_the_last_good_file_back(
    running: Edge, backends: list[Backend]
) -> None:
    good = running.config.read_text()
    # Valid to `haproxy -c`, and yet it cannot be had: another listens there.
    site = replace(running.site, http_bind=f"127.0.0.1:{backends[0].port}")
    other = HAProxy(site, running.config, running.runtime)
    with pytest.raises(HAProxyError, match="could not reload"):
        other.bring_to(Topology((web(*backends),)))
    assert running.config.read_text() == good
    assert running.answering() == {b"a", b"b"}
    running.bring_to(web(*backends))
    wait_until(lambda: running.answering() == {b"a", b"b", b"c"})


def test_a_killed_haproxy_comes_back_with_its_servers(
    running: Edge, backends: list[Backend]
) -> None:
    a, _, c = backends
    running.bring_to(web(a, c))
    running.server.kill()
    with pytest.raises(HAProxyError, match="does not answer"):
        running.haproxy.bring_to(Topology((web(a, c),)))
    running.start()
    assert running.answering() == {b"a", b"c"}
    assert running.haproxy.bring_to(Topology((web(a, c),)))


def test_a_haproxy_that_missed_a_reload_gets_it(running: Edge, backends: list[Backend]) -> None:
    # As where Interlock died between writing the file and the reload.
    results = Service("results", Labels(("results.local",)), ())
    installed = {name: str(next(running.config.parent.glob(f"{name}-*"))) for name in CERTIFICATES}
    site = replace(running.site, **installed)
    running.config.write_text(render(site, Topology((web(*backends), results))))
    worker = running.pid()
    running.bring_to(web(*backends), results)
    assert running.pid() != worker
    assert running.get(host="results.local")[0] == 503


def test_a_former_process_that_is_killed_takes_no_other_with_it(
    running: Edge, backends: list[Backend], load: list[int]
) -> None:
    a, b, c = backends
    live = Service("live", Labels(("live.local",)), (Server("c", "127.0.0.1", c.port),))
    running.bring_to(web(a, b), live)
    # Somebody looks on, so the former process stays after the reload.
    c.may_answer.clear()
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=15)
    connection.request("GET", "/events", headers={"Host": "live.local"})
    stream = connection.getresponse()
    former = int(running.pid().split()[1])
    running.bring_to(web(a, b))
    more(load)
    os.kill(former, signal.SIGKILL)
    more(load)
    # The one who looked on is cut off, and nobody else.
    assert stream.read() == b""
    connection.close()
    c.may_answer.set()
    assert set(load) == {200}
