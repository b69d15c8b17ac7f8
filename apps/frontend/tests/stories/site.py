"""A voting site, as stories in browsers use it and judge it."""

from collections.abc import Iterator
from contextlib import contextmanager

from testing.edge import Edge
from testing.http_backend import Backend
from testing.poll import Poll
from testing.redis_server import RedisServer
from testing.waiting import wait_until

CATS, DOGS = "[value=a]", "[value=b]"
CATS_RECEIPT, DOGS_RECEIPT = "Your vote is recorded: Cats", "Your vote is recorded: Dogs"
BUSY = "Your vote is not confirmed yet."
QUESTION = "Which choice counts?"
OPEN, SAFE, SISTER = "vote.example.test", "safe.example.test", "evil.example.test"


class Site:
    """Addresses of a voting site, and what has been stored by it.

    `http` and `https` lead to one frontend, `kept` to the same with pages that browsers may keep;
    `safe_http` and `safe_https` to one with HTTPS only; `sister` is another site of its domain.
    """

    def __init__(
        self, edge: Edge, keeping_port: int, sister: Backend, poll: Poll, queue: RedisServer
    ) -> None:
        self.http = f"http://{OPEN}:{edge.port}/"
        self.https = f"https://{OPEN}:{edge.https_port}/"
        self.kept = f"http://{OPEN}:{keeping_port}/"
        self.safe_http = f"http://{SAFE}:{edge.port}/"
        self.safe_https = f"https://{SAFE}:{edge.https_port}/"
        self._edge = edge
        self._sister = sister
        self._sister_address = f"https://{SISTER}:{edge.https_port}/"
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
        wait_until(lambda: self._edge.get("/healthz", OPEN)[0] == 200)

    @contextmanager
    def sister(self, *cookies: str) -> Iterator[str]:
        """The address of a page of a sister domain that sets `cookies`, as Set-Cookie has them."""
        self._sister.headers = [("Set-Cookie", cookie) for cookie in cookies]
        yield self._sister_address
        self._sister.headers = []

    def _in_store(self) -> int:
        count = "SELECT (SELECT count(*) FROM ballots) + (SELECT count(*) FROM rejected)"
        return int(self._poll.postgres.query(count)[0][0])
