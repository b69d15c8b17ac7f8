"""Two workers read each queue, by one connection to the store: what goes wrong stays there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from uuid import uuid4

import pytest
from testing.poll import Poll, Worker, cast, wait_for_intake
from testing.redis_server import RedisServer
from testing.waiting import wait_until
from worker.config import Config
from worker.queue import OPEN
from worker.roster import READERS, readers
from worker.store import Store

GROUP = "counters"
NAMES = [f"worker0{number}" for number in range(1, 5)]
# Between two beats; a worker that is gone is missed after PATIENCE of them.
BEAT = "0.1"
QUICK = {"RESOLVE_INTERVAL": BEAT, "CLAIM_IDLE": "0.5"}
Neighbours = Callable[[int], list[RedisServer]]


def readers_of(queue: RedisServer) -> int:
    """How many workers are connected to the queue."""
    with queue.client() as client:
        return sum(found["user"] == "worker" for found in client.client_list())


def chosen(queue: RedisServer, names: list[str]) -> set[str]:
    return readers(queue.host, {name: [] for name in names})


def vote_each(queues: list[RedisServer], choice: str = "a") -> None:
    for queue in queues:
        assert cast(queue, choice)


def in_sight(poll: Poll) -> list[str]:
    return [name for (name,) in poll.postgres.query("SELECT worker FROM workers ORDER BY 1")]


@pytest.fixture
def crew(poll: Poll, neighbours: Neighbours) -> tuple[list[RedisServer], dict[str, Worker]]:
    """Six queues that take votes, and four workers, of which two have come to read each."""
    queues = neighbours(6)
    workers = {name: poll.start_worker(queues, name, **QUICK) for name in NAMES}
    for queue in queues:
        wait_for_intake(queue)
    wait_until(lambda: in_sight(poll) == NAMES)
    wait_until(lambda: all(readers_of(queue) == READERS for queue in queues))
    return queues, workers


Crew = tuple[list[RedisServer], dict[str, Worker]]


@contextmanager
def beating(poll: Poll, queue: RedisServer, name: str, unreached: set[str]) -> Iterator[None]:
    """A worker that is alive and reads nothing; `unreached` may be changed meanwhile."""
    store = Store.connect(Config.from_environ(poll.environment(queue, name)))
    done = Event()

    def beat() -> None:
        while not done.wait(float(BEAT)):
            store.beat(unreached)

    store.beat(unreached)
    thread = Thread(target=beat)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(10)
        store.close()


def test_each_worker_has_one_connection_to_the_store_and_each_queue_two_readers(
    poll: Poll, crew: Crew
) -> None:
    queues, _ = crew
    vote_each(queues)
    poll.wait_for_entries(len(queues))
    assert [readers_of(queue) for queue in queues] == [READERS] * len(queues)
    connected = "SELECT application_name FROM pg_stat_activity WHERE usename = 'worker' ORDER BY 1"
    assert poll.postgres.query(connected) == [(f"worker {name}",) for name in NAMES]
    poll.check()


def test_votes_of_many_queues_are_stored_together(poll: Poll, neighbours: Neighbours) -> None:
    queues = neighbours(4)
    poll.start_worker(queues)
    for queue in queues:
        wait_for_intake(queue)
    with poll.stuck_merges():
        assert cast(queues[0], "a")
        poll.wait_for_stuck_merge()
        vote_each(queues[1:])
        for queue in queues:
            with queue.client() as client:
                wait_until(lambda: client.xpending(OPEN, GROUP)["pending"] == 1)
    poll.wait_for_entries(4)
    stored = "SELECT count(*) FROM ballots GROUP BY stored_at ORDER BY 1"
    assert poll.postgres.query(stored) == [(1,), (3,)]
    poll.check()


def test_the_later_of_two_votes_counts_though_it_is_stored_first(
    poll: Poll, redis_server: RedisServer
) -> None:
    """A worker has read the first, and is held up while another reads and stores the second."""
    voter = uuid4()
    first = poll.start_worker(redis_server, "worker01", **QUICK)
    wait_for_intake(redis_server)
    with poll.stuck_merges():
        assert cast(redis_server, "a", voter)
        poll.wait_for_stuck_merge()
        first.pause()
        # It has sent nothing of its COMMIT that Postgres would go on with.
        poll.postgres.kill()
    poll.postgres.start()
    poll.start_worker(redis_server, "worker02", RESOLVE_INTERVAL=BEAT)
    assert cast(redis_server, "b", voter)
    wait_until(lambda: poll.tally() == {"a": 0, "b": 1, "test": 0})
    first.resume()
    poll.wait_for_entries(2)
    assert poll.tally() == {"a": 0, "b": 1, "test": 0}
    poll.check()


def test_what_a_worker_committed_of_two_queues_and_never_acknowledged_counts_once(
    poll: Poll, neighbours: Neighbours
) -> None:
    queues = neighbours(2)
    worker = poll.start_worker(queues)
    for queue in queues:
        wait_for_intake(queue)
    with poll.stuck_merges():
        vote_each(queues)
        poll.wait_for_stuck_merge()
        for queue in queues:
            with queue.client() as client:
                wait_until(lambda: client.xpending(OPEN, GROUP)["pending"] == 1)
        worker.pause()
    # Only what it had sent: the other queue's vote waits in a worker that will never send it.
    wait_until(lambda: poll.ballots() >= 1)
    worker.kill()
    poll.start_worker(queues, "worker02", **QUICK)
    poll.wait_for_entries(2)
    for queue in queues:
        with queue.client() as client:
            wait_until(lambda: client.xpending(OPEN, GROUP)["pending"] == 0)
    assert poll.tally()["a"] == 2
    poll.check()


def test_both_readers_of_a_queue_are_killed_and_others_take_over(poll: Poll, crew: Crew) -> None:
    queues, workers = crew
    victims = chosen(queues[0], NAMES)
    with poll.stuck_merges():
        # In their hands when they die.
        assert cast(queues[0], "a")
        poll.wait_for_stuck_merge()
        for name in victims:
            workers[name].kill()
        poll.postgres.kill()
    poll.postgres.start()
    vote_each(queues, "b")
    poll.wait_for_entries(len(queues) + 1)
    assert in_sight(poll) == sorted(set(NAMES) - victims)
    wait_until(lambda: all(readers_of(queue) == READERS for queue in queues))
    poll.check()


def test_workers_that_hang_are_replaced_and_take_their_queues_back(poll: Poll, crew: Crew) -> None:
    queues, workers = crew
    victims = chosen(queues[0], NAMES)
    for name in victims:
        workers[name].pause()
    vote_each(queues)
    poll.wait_for_entries(len(queues))
    assert in_sight(poll) == sorted(set(NAMES) - victims)
    for name in victims:
        workers[name].resume()
    wait_until(lambda: in_sight(poll) == NAMES)
    wait_until(lambda: all(readers_of(queue) == READERS for queue in queues))
    vote_each(queues)
    poll.wait_for_entries(2 * len(queues))
    poll.check()


def test_a_list_of_workers_that_are_long_gone_holds_nobody_up_for_long(
    poll: Poll, redis_server: RedisServer
) -> None:
    ghosts = [f"ghost{number:02}" for number in range(40)]
    # By the list the queue falls to two of them.
    assert chosen(redis_server, [*ghosts, "worker01"]).isdisjoint({"worker01"})
    for name in ghosts:
        poll.postgres.query("INSERT INTO workers VALUES (%s, 7, '{}')", name)
    redis_server.open_intake()
    assert cast(redis_server, "a")
    worker = poll.start_worker(redis_server, **QUICK)
    wait_until(lambda: "reads 0 of 1 queues" in worker.log())
    poll.wait_for_entries(1)
    assert in_sight(poll) == ["worker01"]


def test_a_worker_that_leaves_is_replaced_at_once(poll: Poll, crew: Crew) -> None:
    """And not only when it is missed."""
    queues, workers = crew
    for name in chosen(queues[0], NAMES):
        assert workers[name].stop() == 0
        assert name not in in_sight(poll)
    log = "".join(worker.log() for worker in workers.values())
    wait_until(lambda: all(readers_of(queue) == READERS for queue in queues))
    assert "is gone" not in log


def test_a_queue_that_its_two_readers_cannot_reach_is_read_by_the_next(
    poll: Poll, redis_server: RedisServer
) -> None:
    """Until they can. Nobody is told to: they say what they cannot reach."""
    names = [f"other{number}" for number in range(8)]
    first, second = [name for name in names if name in chosen(redis_server, [*names, "worker01"])]
    unreached: set[str] = set()
    redis_server.open_intake()
    with (
        beating(poll, redis_server, first, unreached),
        beating(poll, redis_server, second, unreached),
    ):
        worker = poll.start_worker(redis_server, **QUICK)
        wait_until(lambda: "reads 0 of 1 queues, one of 3 workers" in worker.log())
        assert cast(redis_server, "a")
        unreached.add(redis_server.host)
        poll.wait_for_entries(1)
        unreached.clear()
        wait_until(lambda: readers_of(redis_server) == 0)
        assert worker.process.poll() is None
