"""What a worker has read and left behind is stored by the others, whatever clocks say."""

from collections.abc import Callable
from typing import Any

from testing.poll import Poll, cast, wait_for_intake
from testing.redis_server import RedisServer
from testing.waiting import wait_until
from worker.config import Config
from worker.queue import CLOSED, OPEN
from worker.unmoved import Unmoved

GROUP = "counters"
GONE = "gone"
ConnectQueue = Callable[[str, Config], Any]


def leave_behind(queue: RedisServer, votes: int) -> list[str]:
    """Vote, and read the votes as a worker that ends then; the entries."""
    for _ in range(votes):
        assert cast(queue, "b")
    with queue.client() as client:
        [(_, entries)] = client.xreadgroup(GROUP, GONE, {OPEN: ">"})
    return [entry_id for entry_id, _ in entries]


def test_what_a_worker_that_is_gone_had_read_is_stored(
    poll: Poll, redis_server: RedisServer
) -> None:
    redis_server.open_intake()
    first, *_ = leave_behind(redis_server, 3)
    for _ in range(2):
        cast(redis_server, "b")
    # Deleted by hand before anybody stored it: it cannot be counted, and is not passed over.
    with redis_server.client() as client:
        client.xdel(OPEN, first)
    poll.start_worker(redis_server, CLAIM_IDLE="0.5")
    poll.wait_for_entries(5)
    assert poll.tally()["b"] == 4
    told = poll.postgres.query("SELECT reason, own FROM rejected")
    assert told == [("it was deleted from the queue unread", True)]
    with redis_server.client() as client:
        wait_until(lambda: client.xpending(OPEN, GROUP)["pending"] == 0)
    poll.check()


def test_so_is_what_its_queue_takes_for_just_read(poll: Poll, redis_server: RedisServer) -> None:
    """Redis goes by a clock that may be set: what was read while it was ahead is young for long."""
    redis_server.open_intake()
    entries = leave_behind(redis_server, 3)
    poll.start_worker(redis_server, CLAIM_IDLE="0.5")
    with redis_server.client() as client:

        def stored_however_young() -> bool:
            client.xclaim(OPEN, GROUP, GONE, 0, entries, justid=True)
            return poll.ballots() == 3

        wait_until(stored_however_young)
    poll.wait_for_entries(3)
    poll.check()


def test_a_worker_that_moves_on_is_seen_to(
    poll: Poll, redis_server: RedisServer, connect_queue: ConnectQueue
) -> None:
    redis_server.open_intake()
    queue = connect_queue(redis_server.host, Config.from_environ(poll.environment(redis_server)))
    first, second = leave_behind(redis_server, 2)
    seen = queue.pending_of_others(OPEN)
    assert [(found.consumer, found.first.decode(), found.entries) for found in seen] == [
        (GONE, first, 2)
    ]
    with redis_server.client() as client:
        client.xack(OPEN, GROUP, first)
        assert [found.first.decode() for found in queue.pending_of_others(OPEN)] == [second]
        client.xack(OPEN, GROUP, second)
    assert queue.pending_of_others(OPEN) == []


def test_what_one_has_is_no_other_ones(
    poll: Poll, redis_server: RedisServer, connect_queue: ConnectQueue
) -> None:
    redis_server.open_intake()
    queue = connect_queue(redis_server.host, Config.from_environ(poll.environment(redis_server)))
    assert cast(redis_server, "a")
    queue.read({OPEN: ">"}, 10)
    assert queue.pending_of_others(OPEN) == []


def test_what_stays_is_found_after_its_time_and_what_moves_never() -> None:
    now = 0.0
    unmoved = Unmoved(30, lambda: now)
    assert unmoved.find(["stays", "goes", "stays too"]) == []
    now = 29.9
    assert unmoved.find(["stays", "comes", "stays too"]) == []
    now = 30
    assert unmoved.find(["stays", "goes", "comes"]) == ["stays"]
    now = 59.9
    assert unmoved.find(["comes", "stays too"]) == ["comes"]


def test_a_worker_that_wakes_finishes_what_others_have_finished_for_it(
    poll: Poll, redis_server: RedisServer
) -> None:
    sleeper = poll.start_worker(redis_server, "sleeper")
    wait_for_intake(redis_server)
    with poll.stuck_merges():
        cast(redis_server, "a")
        poll.wait_for_stuck_merge()
        sleeper.pause()
        poll.postgres.kill()
    poll.postgres.start()
    others = [
        poll.start_worker(redis_server, name, CLAIM_IDLE="0.5") for name in ("second", "third")
    ]
    poll.wait_for_entries(1)
    sleeper.resume()
    cast(redis_server, "b")
    poll.wait_for_entries(2)
    assert [worker.stop() for worker in (sleeper, *others)] == [0, 0, 0]
    poll.check()


def test_a_worker_that_leaves_while_its_queue_is_closed_leaves_nothing_behind(
    poll: Poll, redis_server: RedisServer
) -> None:
    """Others would have to wait until they take it for gone."""
    worker = poll.start_worker(redis_server)
    wait_for_intake(redis_server)
    with redis_server.client() as client:
        with poll.stuck_merges():
            cast(redis_server, "a")
            poll.wait_for_stuck_merge()
            client.rename(OPEN, CLOSED)
            worker.process.terminate()
        assert worker.stop() == 0
        assert client.xpending(CLOSED, GROUP)["pending"] == client.xlen(CLOSED) == 0
    assert poll.ballots() == 1
