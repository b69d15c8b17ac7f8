"""What the store knows of a queue: never less than it was told once, and no clock's doing."""

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from testing.poll import Poll, cast, entry, wait_for_intake, wrong_clock
from testing.redis_server import RedisServer
from testing.waiting import wait_until
from worker.config import Config
from worker.queue import CLOSED, OPEN, Figures, Look, Queue
from worker.store import Report, Store

FIGURES = "SELECT entries_added, shortfall FROM queues"


def test_a_queue_that_comes_back_with_fewer_entries_has_lost_them(
    poll: Poll, redis_server: RedisServer
) -> None:
    """Its disk has lied, or it is an older copy."""
    poll.start_worker(redis_server)
    wait_for_intake(redis_server)
    for _ in range(3):
        assert cast(redis_server, "a")
    poll.wait_for_entries(3)
    [log] = (redis_server.directory / "data" / "appendonlydir").glob("*.incr.aof")
    with poll.stuck_merges():
        # Let go of, all of them: from here on nothing but votes is written.
        with redis_server.client() as client:
            wait_until(lambda: client.xpending(OPEN, "counters")["pending"] == 0)
        size = log.stat().st_size
        for _ in range(2):
            assert cast(redis_server, "b")
        # One waits in its merge, and this one looks. Where it finds an entry that the first has not
        # read it looks only once, so that has to be news to the store.
        poll.wait_for_stuck_merge()
        poll.postgres.query("UPDATE queues SET seen_at = now() - interval '1 minute'")
        poll.start_worker(redis_server, "worker02")
        wait_until(lambda: poll.postgres.query(FIGURES) == [(5, 0)])
        redis_server.kill()
        poll.end()
        poll.postgres.kill()
    with log.open("r+b") as file:
        file.truncate(size)
    poll.postgres.start()
    redis_server.start()
    worker = poll.start_worker(redis_server, "worker03")
    wait_until(lambda: poll.postgres.query(FIGURES) == [(5, 2)])
    assert "lost 2 entries" in worker.log()
    poll.close()
    wait_until(lambda: poll.postgres.query("SELECT 1 FROM draining") == [])
    assert poll.postgres.query(FIGURES) == [(5, 2)]
    assert poll.postgres.execute("python3", "-m", "poll", "certify").returncode == 1


def test_what_is_lost_stays_lost_however_many_votes_follow(
    poll: Poll, redis_server: RedisServer
) -> None:
    store, queue = Store.connect(Config.from_environ(poll.environment(redis_server))), uuid4()
    store.register(queue)

    def told(added: int, *, confirmed: bool = False) -> tuple[int, tuple[int, int]]:
        poll.postgres.query("UPDATE queues SET seen_at = now() - interval '1 minute'")
        seen = Report(Figures(added, 0), True, "", "open", time.monotonic(), confirmed)
        return store.report({queue: seen})[queue], poll.postgres.query(FIGURES)[0]

    assert told(5) == (5, (5, 0))
    # It may have been looked at before others looked.
    assert told(3) == (5, (5, 0))
    assert told(3, confirmed=True) == (5, (5, 2))
    assert told(4, confirmed=True) == (5, (5, 2))
    assert told(12) == (12, (12, 2))
    store.close()


def test_a_queue_that_is_closed_during_a_look_is_not_seen_twice(
    poll: Poll,
    redis_server: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
    connect_queue: Callable[[str, Config], Any],
) -> None:
    config = Config.from_environ(poll.environment(redis_server))
    queue = connect_queue(redis_server.host, config)
    once = Figures(7, 3, 1)
    looks = [{OPEN: once, CLOSED: once}, {CLOSED: once}]

    async def look(_queue: Queue, _known: list[str]) -> Look:
        return Look(looks.pop(0), "", [])

    monkeypatch.setattr(Queue, "_look", look)
    assert queue.look().streams == {CLOSED: once}


def test_a_queue_ends_though_the_store_was_ahead_when_it_was_told_to(
    poll: Poll, redis_server: RedisServer
) -> None:
    poll.start_worker(redis_server)
    wait_for_intake(redis_server)
    assert cast(redis_server, "a")
    poll.wait_for_entries(1)
    poll.postgres.query("UPDATE poll SET state = 'closed', closed_at = now() + interval '1 hour'")
    wait_until(lambda: poll.postgres.query("SELECT 1 FROM draining") == [])
    poll.check()


def test_a_worker_that_is_an_hour_ahead_opens_nothing_and_closes_nothing(
    poll: Poll, redis_server: RedisServer
) -> None:
    def looks(state: str) -> None:
        """The worker has asked what is due, and the poll is still in the state."""
        with redis_server.client() as client:
            client.delete("ballots:accepted")
            wait_until(lambda: client.exists("ballots:accepted"))
            client.delete("ballots:accepted")
            wait_until(lambda: client.exists("ballots:accepted"))
        assert poll.postgres.query("SELECT state FROM poll") == [(state,)]

    half_an_hour = "now() + interval '30 minutes'"
    poll.postgres.query(
        f"UPDATE poll SET state = 'waiting', opened_at = NULL, opens_at = {half_an_hour}"
    )
    poll.start_worker(redis_server, **wrong_clock(+1))
    looks("waiting")
    poll.postgres.query("UPDATE poll SET opens_at = now()")
    wait_for_intake(redis_server)
    poll.postgres.query(f"UPDATE poll SET closes_at = {half_an_hour}")
    looks("open")
    poll.postgres.query("UPDATE poll SET closes_at = now()")
    wait_until(lambda: not cast(redis_server, "a"))


def test_one_that_is_an_hour_behind_leaves_it_to_the_others(
    poll: Poll, redis_server: RedisServer
) -> None:
    poll.start_worker(redis_server, "behind", **wrong_clock(-1))
    wait_for_intake(redis_server)
    poll.postgres.query("UPDATE poll SET closes_at = now()")
    poll.start_worker(redis_server, "right")
    wait_until(lambda: not cast(redis_server, "a"))


@pytest.mark.parametrize("off", ["1 hour", "-1 hour"])
def test_what_is_due_is_due_by_two_clocks(poll: Poll, off: str) -> None:
    """The store is off by so much, beside a worker that is right."""
    behind = f"now() - interval '{off}'"
    poll.postgres.query(f"UPDATE poll SET closes_at = now() - interval '{off}' / 2")
    ask = f"SELECT state FROM intake_states(ARRAY['{uuid4()}'::uuid], {behind})"
    assert poll.postgres.query(ask) == [("open",)]
    poll.postgres.query(f"UPDATE poll SET closes_at = least(now(), {behind})")
    assert poll.postgres.query(ask) == [("closed",)]


def test_frontends_are_told_what_is_accepted_before_the_queue_opens(
    poll: Poll, redis_server: RedisServer
) -> None:
    poll.postgres.query("UPDATE poll SET state = 'waiting', opened_at = NULL")
    poll.postgres.query("UPDATE poll SET opens_at = 'infinity'")
    poll.start_worker(redis_server)
    with redis_server.client() as client:
        wait_until(lambda: client.get("ballots:accepted") == "2 pets a,b,test")
        assert client.exists(OPEN) == 0
        client.set("ballots:accepted", "1 something else")
        wait_until(lambda: client.get("ballots:accepted") == "2 pets a,b,test")


def test_a_store_without_a_poll_opens_no_queue(poll: Poll, redis_server: RedisServer) -> None:
    """And what it cannot judge yet waits."""
    poll.postgres.query("UPDATE poll SET id = NULL")
    worker = poll.start_worker(redis_server)
    wait_until(lambda: poll.postgres.query("SELECT 1 FROM queues"))
    with redis_server.client() as client:
        assert client.exists("ballots:accepted", OPEN) == 0
        redis_server.open_intake()
        client.xadd(OPEN, entry("a"))
        wait_until(lambda: "which poll" in worker.log())
        assert client.xpending(OPEN, "counters")["pending"] == 1
    assert poll.postgres.query("SELECT * FROM rejected") == []
    poll.postgres.query("UPDATE poll SET id = 'pets'")
    poll.wait_for_entries(1)
    poll.check()
