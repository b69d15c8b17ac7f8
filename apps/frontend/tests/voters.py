"""Votes at one queue by one process, without HTTP, and what is then in the queue's books."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from frontend.ballot import Ballot
from frontend.config import Config
from frontend.errors import HTTPError
from frontend.queue_client import QueueClient
from testing.event_loop import run
from testing.redis_server import RedisServer
from testing.waiting import wait_until

CAST = 1790000000000000


def ballot(number: int, voter: int | None = None) -> Ballot:
    """The ballot of this number, by a voter of the same one or by another."""
    who = number if voter is None else voter
    return Ballot(str(UUID(int=who, version=4)), "ab"[number % 2], CAST + number)


class Voters:
    """Votes at one queue, and what became of each: None where it was acknowledged."""

    def __init__(self, environ: dict[str, str]) -> None:
        async def make() -> QueueClient:
            return QueueClient(Config.from_environ(environ))

        self.queue: QueueClient = run(make())
        self.outcomes: dict[Ballot, HTTPError | None] = {}
        self.tasks: list[asyncio.Task[None]] = []

    def send(self, ballots: Sequence[Ballot]) -> None:
        """Send them at once, in this order, and do not wait."""

        async def begin() -> None:
            self.tasks += [asyncio.create_task(self._send(one)) for one in ballots]

        run(begin())

    async def _send(self, one: Ballot) -> None:
        try:
            await self.queue.add(one)
        except HTTPError as error:
            self.outcomes[one] = error
        else:
            self.outcomes[one] = None

    def send_batch(self, ballots: Sequence[Ballot]) -> None:
        """Send them at once, and wait until all of them are on their way."""
        self.send(ballots)
        wait_until(lambda: not self.queue._waiting)

    def wait(self) -> None:
        """Wait until everybody knows."""

        async def end() -> None:
            await asyncio.gather(*self.tasks, return_exceptions=True)

        run(end())

    def vote(self, *ballots: Ballot) -> list[HTTPError | None]:
        """Send them at once, and wait; what became of each."""
        self.send(ballots)
        self.wait()
        return [self.outcomes[one] for one in ballots]


def hold(queue: RedisServer) -> None:
    """From now on the queue stores nothing, and answers nobody who wants it to."""
    with queue.client() as redis:
        redis.client_pause(60_000, all=False)


def let_go(queue: RedisServer) -> None:
    with queue.client() as redis:
        redis.client_unpause()


def waits(queue: RedisServer, clients: int = 1) -> bool:
    """Whether so many wait for the queue, each with one batch or command."""
    with queue.client() as redis:
        return bool(redis.info("clients")["blocked_clients"] == clients)


def scripts_run(queue: RedisServer) -> int:
    with queue.client() as redis:
        return int(redis.info("commandstats").get("cmdstat_evalsha", {"calls": 0})["calls"])


def books(queue: RedisServer) -> tuple[list[int], set[int], int]:
    """Of the one writer: the numbers stored, those noted as being in doubt, and the witness."""
    with queue.client() as redis:
        entries = [fields for _, fields in redis.xrange("ballots")]
        [boot] = {fields["boot"] for fields in entries}
        noted = {int(field.removeprefix(f"{boot}:")) for field in redis.hkeys("doubts")}
        assert redis.keys("witness:*") == [f"witness:{boot}"]
        return [int(fields["seq"]) for fields in entries], noted, int(redis.get(f"witness:{boot}"))
