"""A queue at its memory ceiling: it refuses votes, keeps what it has, and a worker empties it."""

from uuid import uuid4

import redis
from testing.poll import Poll, cast, entry, wait_for_intake
from testing.redis_server import RedisServer
from testing.waiting import wait_until

ROOM_BYTES = 100_000


def vote_until_full(queue: RedisServer) -> int:
    """How many ballots were taken before the first that was refused."""
    taken = 0
    with queue.client("frontend") as client:
        try:
            while taken < ROOM_BYTES:
                assert client.xadd("ballots", entry("a"), nomkstream=True)
                taken += 1
        except redis.OutOfMemoryError:
            return taken
    raise AssertionError("it takes more than it can hold")


def open_intake(queue: RedisServer) -> None:
    """Open a queue that has its name already: a full one cannot be given it."""
    queue.open_intake()
    with queue.client() as client:
        client.set("queue:id", str(uuid4()))


def test_a_worker_that_starts_on_a_full_queue_empties_it_and_nothing_is_lost(
    poll: Poll, redis_server: RedisServer
) -> None:
    first = poll.start_worker(redis_server)
    wait_for_intake(redis_server)
    first.stop()
    with redis_server.client() as client:
        client.config_set("maxmemory", client.info("memory")["used_memory"] + ROOM_BYTES)
    taken = vote_until_full(redis_server)
    assert taken > 100
    for _ in range(2):
        worker = poll.start_worker(redis_server)
        poll.wait_for_entries(taken)
        worker.stop()
        taken += vote_until_full(redis_server)
    poll.start_worker(redis_server)
    poll.wait_for_entries(taken)
    assert poll.tally()["a"] == taken
    poll.check()
    with redis_server.client() as client:
        assert client.info("stats")["evicted_keys"] == 0


def test_a_full_queue_can_be_closed(poll: Poll, redis_server: RedisServer) -> None:
    worker = poll.start_worker(redis_server)
    wait_for_intake(redis_server)
    worker.stop()
    with redis_server.client() as client:
        client.config_set("maxmemory", client.info("memory")["used_memory"] + ROOM_BYTES)
    taken = vote_until_full(redis_server)
    poll.close()
    poll.start_worker(redis_server)
    poll.wait_for_entries(taken)
    wait_until(lambda: poll.postgres.query("SELECT 1 FROM draining") == [])
    poll.check()


def test_a_worker_kept_from_acknowledging_what_it_has_deleted_counts_it_once(
    poll: Poll, redis_server: RedisServer
) -> None:
    poll.start_worker(redis_server)
    wait_for_intake(redis_server)
    with redis_server.client() as client:
        client.execute_command("ACL", "SETUSER", "worker", "-xack")
        # At once, so that one read brings all: there will be no other that ends well.
        with client.pipeline() as votes:
            for _ in range(3):
                votes.xadd("ballots", entry("a"))
            votes.execute()
        wait_until(lambda: poll.ballots() == 3 and client.xlen("ballots") == 0)
        assert client.xpending("ballots", "counters")["pending"] > 0
        client.execute_command("ACL", "SETUSER", "worker", "+xack")
        wait_until(lambda: client.xpending("ballots", "counters")["pending"] == 0)
    poll.wait_for_entries(3)
    assert poll.postgres.query("SELECT count(*) FROM rejected") == [(0,)]
    poll.check()


def test_what_is_left_behind_in_a_full_queue_is_stored(
    poll: Poll, redis_server: RedisServer
) -> None:
    open_intake(redis_server)
    for _ in range(3):
        assert cast(redis_server, "a")
    with redis_server.client() as client:
        client.xreadgroup("counters", "gone", {"ballots": ">"})
        client.config_set("maxmemory", client.info("memory")["used_memory"] + ROOM_BYTES)
        taken = vote_until_full(redis_server)
        # Not even emptied of all else it takes a vote again.
        client.config_set("maxmemory", 1)
    poll.start_worker(redis_server, CLAIM_IDLE="0.5")
    poll.wait_for_entries(3 + taken)
    with redis_server.client() as client:
        wait_until(lambda: client.xpending("ballots", "counters")["pending"] == 0)
    poll.check()


def test_a_full_queue_is_told_what_is_accepted_once_it_has_room(
    poll: Poll, redis_server: RedisServer
) -> None:
    open_intake(redis_server)
    assert cast(redis_server, "a")
    with redis_server.client() as client:
        client.config_set("maxmemory", 1)
        worker = poll.start_worker(redis_server)
        poll.wait_for_entries(1)
        wait_until(lambda: "full" in worker.log())
        assert not client.exists("ballots:accepted")
        client.config_set("maxmemory", "256mb")
        wait_until(lambda: client.exists("ballots:accepted"))
    assert worker.log().count("again in") == 0
