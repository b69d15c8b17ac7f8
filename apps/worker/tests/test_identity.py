"""Addresses are given again: a worker never takes another queue for the one that it was reading."""

from collections.abc import Callable
from typing import Any

import pytest
from testing.poll import Poll, cast, entry, wait_for_intake
from testing.redis_server import RedisServer
from testing.waiting import wait_until
from worker.config import Config
from worker.queue import CLOSED, OPEN


class Neighbours:
    """Two queues that took a vote each, which is in the ledger; `worker` reads the first."""

    def __init__(self, poll: Poll, first: RedisServer, second: RedisServer) -> None:
        self.first, self.second = first, second
        self.worker = poll.start_worker(first, "worker01")
        other = poll.start_worker(second, "worker02")
        for queue in (first, second):
            wait_for_intake(queue)
            assert cast(queue, "a")
        poll.wait_for_entries(2)
        other.kill()

    def swap(self) -> None:
        """The first queue goes away, and the second gets its address."""
        self.first.kill()
        self.second.kill()
        self.second.port = self.first.port
        self.second.start()


@pytest.fixture
def neighbours(poll: Poll, make_redis_server: Callable[[], RedisServer]) -> Neighbours:
    return Neighbours(poll, make_redis_server(), make_redis_server())


def queue_of_b(poll: Poll, votes: int) -> set[str]:
    """The queues that the ledger has the votes for b from, once it has so many."""
    found = "SELECT queue::text FROM ballots WHERE choice = 'b'"
    wait_until(lambda: len(poll.postgres.query(found)) == votes)
    return {queue for (queue,) in poll.postgres.query(found)}


def test_a_frozen_worker_wakes_at_another_queue(poll: Poll, neighbours: Neighbours) -> None:
    neighbours.worker.pause()
    # Its read is answered: it will not notice that the connection is gone.
    with neighbours.first.client() as client:
        wait_until(lambda: client.info("clients")["blocked_clients"] == 0)
    neighbours.swap()
    for _ in range(5):
        assert cast(neighbours.second, "b")
    neighbours.worker.resume()
    with neighbours.second.client() as client:
        assert queue_of_b(poll, 5) == {client.get("queue:id")}
    poll.check()


def test_a_worker_that_waits_for_the_store_acknowledges_nothing_of_another_queue(
    poll: Poll, neighbours: Neighbours
) -> None:
    """Where two entries have one id, the other's would go unread."""
    with poll.stuck_merges():
        assert cast(neighbours.first, "a")
        poll.wait_for_stuck_merge()
        with neighbours.first.client() as client:
            [(entry_id, _)] = client.xrange(OPEN)
        neighbours.swap()
        with neighbours.second.client("frontend") as client:
            client.xadd(OPEN, entry("b"), id=entry_id)
    with neighbours.second.client() as client:
        assert queue_of_b(poll, 1) == {client.get("queue:id")}
    assert poll.tally() == {"a": 3, "b": 1, "test": 0}
    poll.check()


def test_what_was_known_of_a_queue_ends_with_the_connection(
    poll: Poll,
    make_redis_server: Callable[[], RedisServer],
    connect_queue: Callable[[str, Config], Any],
) -> None:
    """A client that connects anew by itself would go on with another queue."""
    first, second = make_redis_server(), make_redis_server()
    queue = connect_queue(first.host, Config.from_environ(poll.environment(first)))
    queue.identity()
    queue.open_intake()
    first.kill()
    second.kill()
    second.port = first.port
    second.start()
    for act in (
        queue.identity,
        queue.look,
        queue.open_intake,
        queue.await_opening,
        lambda: queue.accept("2 pets a"),
        lambda: queue.close_intake(CLOSED),
        lambda: queue.read({OPEN: ">"}, 1),
        lambda: queue.pending_of_others(OPEN),
        lambda: queue.ack(OPEN, [b"1-1"]),
    ):
        with pytest.raises(OSError):
            act()
    with second.client() as client:
        assert client.keys() == []
