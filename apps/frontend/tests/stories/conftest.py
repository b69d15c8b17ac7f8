"""The site of the stories: load balancer, frontends, queue, worker and store."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

import pytest
from interlock.labels import Labels
from interlock.topology import Server as Target
from interlock.topology import Service
from testing.haproxy_server import HAProxyServer
from testing.http_backend import Backend
from testing.lasting_edge import lasting_edge
from testing.poll import Poll
from testing.ports import free_port
from testing.postgres_server import EMPTY, PostgresServer
from testing.redis_server import RedisServer
from testing.waiting import wait_until

from ..conftest import EDGE_TOKEN, NEW_VOTER_KEY, Server, settings
from .people import people, person  # noqa: F401 (fixtures)
from .site import OPEN, SAFE, SISTER, Site

# What Safari does: it keeps a page for Back though its headers say `no-store`.
KEEPING = """
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
listen keeping
    bind 127.0.0.1:{port}
    http-response del-header Cache-Control
    server edge 127.0.0.1:{edge}
"""


@pytest.fixture(scope="module")
def whole_site(
    tmp_path_factory: pytest.TempPathFactory,
    haproxy_binary: Path,
    certificates: Path,
    postgres_server: PostgresServer,
) -> Iterator[Site]:
    """One for the stories of a module: no other test may use its store meanwhile."""
    directory = tmp_path_factory.mktemp("site")
    with ExitStack() as stack:
        # Two sites on one load balancer, where each has one of its own otherwise.
        voting = frozenset({_name(OPEN), _name(SAFE)})
        stack.enter_context(patch("interlock.render._VOTING", voting))
        postgres_server.start()
        postgres_server.query(EMPTY)
        queue = RedisServer(directory / "redis")
        stack.callback(queue.kill)
        queue.start()
        poll = Poll(postgres_server, directory)
        stack.callback(poll.end)
        poll.start_worker(queue)
        environ = settings(directory, queue, postgres_server.poll_file) | {"QUEUE_TIMEOUT": "1"}
        services = []
        for host, https_only in ((OPEN, "false"), (SAFE, "true")):
            server = Server(environ | {"HTTPS_ONLY": https_only}, directory / f"{host}.log")
            stack.callback(server.stop)
            services.append(_service(host, server.port, ssl_only=https_only == "true"))
        sister = Backend("sister")
        stack.callback(sister.close)
        services.append(_service(SISTER, sister.port))
        edge = stack.enter_context(
            lasting_edge(
                directory, haproxy_binary, certificates, EDGE_TOKEN, NEW_VOTER_KEY, *services
            )
        )
        for host in (OPEN, SAFE, SISTER):
            wait_until(lambda host=host: edge.get("/healthz", host, https=True)[0] == 200)
        config, port = directory / "keeping" / "haproxy.cfg", free_port()
        config.parent.mkdir()
        config.write_text(KEEPING.format(port=port, edge=edge.port))
        keeping = HAProxyServer(haproxy_binary, config)
        stack.callback(keeping.kill)
        keeping.start(lambda: True)
        yield Site(edge, port, sister, poll, queue)


def _service(host: str, port: int, *, ssl_only: bool = False) -> Service:
    labels = Labels(
        hosts=(host,), health_check="/healthz", ssl_only=ssl_only, languages=("en", "de")
    )
    target = Target(_name(host), "127.0.0.1", port, internal_tls=host != SISTER)
    return Service(_name(host), labels, (target,))


def _name(host: str) -> str:
    return host.partition(".")[0]


@pytest.fixture
def site(whole_site: Site) -> Site:
    """The site; what was stored before this test is none of its matter."""
    whole_site.begin()
    return whole_site
