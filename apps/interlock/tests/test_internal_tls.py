"""TLS to frontends, by the cluster's internal authority, against a real HAProxy."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from common.internal_tls import InternalTLS
from interlock.labels import Labels
from interlock.topology import Server, Service
from testing.edge import WEB, Edge, web
from testing.http_backend import Backend
from testing.internal_tls import directory_of
from testing.waiting import wait_until

Make = Callable[..., Backend]


@pytest.fixture
def secured() -> Iterator[Make]:
    """A function that starts a backend with a certificate of this name and authority."""
    with ExitStack() as ending:

        def make(name: str, certificate: str = "frontend", authority: str = "ours") -> Backend:
            directory = {"TLS_DIRECTORY": str(directory_of(certificate, authority))}
            backend = Backend(name, InternalTLS.from_environ(directory).server)
            ending.callback(backend.close)
            return backend

        yield make


def of(*backends: Backend, tls: Backend) -> Service:
    """Backends that speak plain HTTP, and one that speaks TLS."""
    server = Server(f"node-{tls.name}-tls", "127.0.0.1", tls.port, internal_tls=True)
    return Service("frontend", WEB, (*web(*backends).servers, server))


def _status(edge: Edge, name: str) -> str:
    """What the load balancer says of a server (`show stat`)."""
    head, *rows = edge.runtime._ask("show stat").splitlines()
    names = head.removeprefix("# ").split(",")
    found = [dict(zip(names, row.split(","), strict=False)) for row in rows]
    [row] = [row for row in found if row.get("svname") == name]
    return row["status"]


def test_a_server_with_tls_comes_and_goes_without_a_reload(
    running: Edge, backends: list[Backend], secured: Make, load: list[int]
) -> None:
    a, b, _ = backends
    worker = running.pid()
    new = secured("a")
    # As one update of a service: the task on one node leaves, and its successor speaks TLS.
    running.bring_to(web(b))
    running.bring_to(of(b, tls=new))
    old_requests = len(a.requests)
    wait_until(lambda: running.answering() == {b"a", b"b"})
    assert new.requests
    # A task of the other kind where Interlock has seen none leave.
    running.bring_to(of(a, tls=new))
    running.bring_to(of(a, b, tls=secured("c")))
    wait_until(lambda: running.answering() == {b"a", b"b", b"c"})
    assert len(a.requests) > old_requests
    assert running.pid() == worker
    assert set(load) == {200}


def test_after_a_restart_of_haproxy_it_is_tls_again(
    running: Edge, backends: list[Backend], secured: Make
) -> None:
    running.bring_to(of(backends[1], tls=secured("c")))
    running.server.kill()
    running.start()
    wait_until(lambda: running.answering() == {b"b", b"c"})


@pytest.mark.parametrize(("certificate", "authority"), [("redis", "ours"), ("frontend", "theirs")])
def test_another_servers_certificate_gets_no_request(
    running: Edge, backends: list[Backend], secured: Make, certificate: str, authority: str
) -> None:
    false = secured("c", certificate, authority)
    running.bring_to(of(backends[0], tls=false))
    # Not before its first check has failed either.
    assert running.answering() == {b"a"}
    wait_until(lambda: _status(running, "node-c-tls").startswith("DOWN"))
    assert running.answering() == {b"a"}
    assert not false.requests


def test_a_server_that_speaks_plain_http_gets_no_request_that_tls_is_for(
    running: Edge, backends: list[Backend]
) -> None:
    a, _, c = backends
    running.bring_to(of(a, tls=c))
    assert running.answering() == {b"a"}
    assert not c.requests


def test_another_authority_beside_the_first_is_used_without_a_lost_request(
    running: Edge, backends: list[Backend], secured: Make, load: list[int], tmp_path: Path
) -> None:
    service = of(backends[0], tls=secured("c"))
    running.bring_to(service)
    wait_until(lambda: running.answering() == {b"a", b"c"})
    worker = running.pid()
    authorities = [directory_of("frontend", name) / "internal_ca" for name in ("theirs", "ours")]
    both = tmp_path / "both"
    both.write_text("".join(authority.read_text() for authority in authorities))
    running.change(internal_ca=str(both))
    running.bring_to(of(backends[0], tls=secured("c", authority="theirs")))
    wait_until(lambda: running.answering() == {b"a", b"c"})
    assert running.pid() != worker
    assert len(list(running.config.parent.glob("internal_ca-*"))) == 1
    assert set(load) == {200}


def test_other_services_get_no_certificate_of_ours(running: Edge, backends: list[Backend]) -> None:
    a, b, c = backends
    server = Server("c-tls", "127.0.0.1", c.port, internal_tls=True)
    running.bring_to(web(a, b), Service("shop", Labels(("shop.local",)), (server,)))
    assert running.get(host="shop.local")[1] == b"c"
