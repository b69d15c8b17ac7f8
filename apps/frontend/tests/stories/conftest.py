"""A site as voters have it: load balancer, frontends, queue, worker and store, once for a session."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from interlock.labels import Labels
from interlock.runtime import HAProxyError
from interlock.topology import Server as Target
from interlock.topology import Service
from testing.edge import Edge
from testing.haproxy_server import HAProxyServer, free_port
from testing.http_backend import Backend
from testing.poll import Poll
from testing.postgres_server import EMPTY, PostgresServer
from testing.redis_server import RedisServer
from testing.waiting import wait_until

from ..conftest import EDGE_TOKEN, POLL, Server, settings

CATS, DOGS = "[value=a]", "[value=b]"
CATS_RECEIPT, DOGS_RECEIPT = "Your vote is recorded: Cats", "Your vote is recorded: Dogs"

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


class Site:
    """Addresses of a voting site, and what has been stored by it.

    `http` and `https` lead to one frontend, `kept` to the same with pages that browsers may keep;
    `safe_http` and `safe_https` to one with HTTPS only; `sister` is another site of its domain.
    """

    def __init__(self, edge: Edge, keeping_port: int, sister: Backend, poll: Poll, queue: RedisServer) -> None:
        self.http = f"http://vote.example.test:{edge.port}/"
        self.https = f"https://vote.example.test:{edge.https_port}/"
        self.kept = f"http://vote.example.test:{keeping_port}/"
        self.safe_http = f"http://safe.example.test:{edge.port}/"
        self.safe_https = f"https://safe.example.test:{edge.https_port}/"
        self._edge = edge
        self._sister = sister
        self._sister_address = f"https://evil.example.test:{edge.https_port}/"
        self._poll = poll
        self.queue = queue
        self._before = 0

    def begin(self) -> None:
        """What was stored up to now is no matter of the test that begins."""
        self._before = 0
        self._before = len(self.ballots())

    def ballots(self) -> list[tuple[str, str]]:
        """Voter and choice of each ballot of this test in the store, as the queue had them."""
        with self.queue.client() as client:
            wait_until(lambda: self._in_store() == client.xinfo_stream("ballots")["entries-added"])
        rows = "SELECT voter::text, choice FROM ballots ORDER BY entry_ms, entry_seq"
        return self._poll.postgres.query(rows)[self._before :]

    def choices(self) -> list[str]:
        """Choices of the ballots of this test."""
        return [choice for _, choice in self.ballots()]

    def counted(self) -> list[str]:
        """What counts: one choice for each voter of this test."""
        voters = list(dict.fromkeys(voter for voter, _ in self.ballots()))
        votes = dict(self._poll.postgres.query("SELECT voter::text, choice FROM votes"))
        return [votes[voter] for voter in voters]

    @contextmanager
    def silent_queue(self) -> Iterator[None]:
        """Meanwhile the queue answers nobody; what it was sent it does afterwards."""
        self.queue.pause()
        try:
            yield
        finally:
            self.queue.resume()

    def wait_until_healthy(self) -> None:
        """Until votes are taken again, and the load balancer knows it."""
        host = "vote.example.test"
        wait_until(lambda: self._edge.get("/healthz", host)[0] == 200)

    @contextmanager
    def sister(self, *cookies: str) -> Iterator[str]:
        """The address of a page of a sister domain that sets `cookies`, as Set-Cookie has them."""
        self._sister.headers = [("Set-Cookie", cookie) for cookie in cookies]
        yield self._sister_address
        self._sister.headers = []

    def _in_store(self) -> int:
        count = "SELECT (SELECT count(*) FROM ballots) + (SELECT count(*) FROM rejected)"
        return int(self._poll.postgres.query(count)[0][0])


def _service(name: str, host: str, port: int, *, ssl_only: bool = False) -> Service:
    labels = Labels(hosts=(host,), health_check="/healthz", ssl_only=ssl_only)
    return Service(name, labels, (Target(name, "127.0.0.1", port),))


@pytest.fixture(scope="session")
def whole_site(
    tmp_path_factory: pytest.TempPathFactory,
    haproxy_binary: Path,
    certificates: Path,
    postgres_server: PostgresServer,
) -> Iterator[Site]:
    """See Site. It is one for all tests, as it takes seconds to start."""
    directory = tmp_path_factory.mktemp("site")
    postgres_server.start()
    postgres_server.query(EMPTY)
    queue = RedisServer(directory / "redis")
    queue.start()
    poll = Poll(postgres_server, directory)
    poll.start_worker(queue)
    poll_file = directory / "poll.json"
    poll_file.write_text(json.dumps(POLL))
    environ = settings(directory, queue, poll_file) | {"QUEUE_TIMEOUT": "1"}
    servers = [
        Server(environ | {"HTTPS_ONLY": https_only}, directory / f"frontend-{https_only}.log")
        for https_only in ("false", "true")
    ]
    sister = Backend("sister")
    proxies: list[HAProxyServer] = []

    def proxy(config: Path) -> HAProxyServer:
        proxies.append(HAProxyServer(haproxy_binary, config))
        return proxies[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(haproxy_binary.parent), prepend=":")
        edge = Edge(directory, certificates / "site.pem", proxy)
        edge.change(edge_token=EDGE_TOKEN)
        _start(
            edge,
            _service("open", "vote.example.test", servers[0].port),
            _service("safe", "safe.example.test", servers[1].port, ssl_only=True),
            _service("sister", "evil.example.test", sister.port),
        )
        keeping_port = free_port()
        (directory / "keeping").mkdir()
        config = directory / "keeping" / "haproxy.cfg"
        config.write_text(KEEPING.format(port=keeping_port, edge=edge.port))
        proxy(config).start(lambda: True)
        yield Site(edge, keeping_port, sister, poll, queue)
    for haproxy in proxies:
        haproxy.kill()
    sister.close()
    for server in servers:
        server.stop()
    poll.end()
    queue.kill()


def _start(edge: Edge, *services: Service) -> None:
    # Its configuration has to be there before HAProxy is.
    with pytest.raises(HAProxyError, match="does not answer"):
        edge.bring_to(*services)
    edge.start()
    edge.bring_to(*services)
    hosts = [service.labels.hosts[0] for service in services]
    wait_until(lambda: all(edge.get(host=host, https=True)[0] == 200 for host in hosts))


@pytest.fixture
def site(whole_site: Site) -> Site:
    """The site, with nothing stored yet as far as this test can see."""
    whole_site.begin()
    return whole_site
