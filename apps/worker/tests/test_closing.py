"""Opening and closing: a vote is refused or counted, and a closed queue stays closed."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from common.redis_connection import Command, RedisConnection
from testing.event_loop import run
from testing.poll import Frontend, Poll, cast, wait_for_intake
from testing.redis_server import RedisServer
from testing.waiting import wait_until
from worker.config import Config
from worker.queue import CLOSED, OPEN, Figures, Queue
from worker.store import Report, Store

ConnectQueue = Callable[[str, Config], Any]


async def end_intake(queue: Queue) -> bool:
    return await queue.close_intake(CLOSED)


def test_closing_refuses_or_counts_each_vote(poll: Poll, redis_server: RedisServer) -> None:
    for name in ("worker01", "worker02"):
        poll.start_worker(redis_server, name)
    wait_for_intake(redis_server)
    frontends = [Frontend(redis_server) for _ in range(3)]
    for frontend in frontends:
        frontend.start()
    wait_until(lambda: poll.ballots() > 500)
    poll.close()
    for frontend in frontends:
        frontend.join(20)
    taken = sum(frontend.taken for frontend in frontends)
    poll.wait_for_entries(taken)
    assert poll.ballots() == taken
    wait_until(lambda: poll.postgres.query("SELECT intake_open FROM queues") == [(False,)])
    assert not cast(redis_server, "a")
    with redis_server.client() as client:
        assert client.xlen("ballots:closed") == 0
    poll.check()


def test_a_waiting_poll_opens_no_queue_and_an_opened_one_does(
    poll: Poll, redis_server: RedisServer
) -> None:
    poll.postgres.query("UPDATE poll SET state = 'waiting', opened_at = NULL")
    poll.postgres.query("UPDATE poll SET opens_at = 'infinity'")
    worker = poll.start_worker(redis_server)
    wait_until(lambda: poll.postgres.query("SELECT 1 FROM queues"))
    assert not cast(redis_server, "a")
    with redis_server.client("frontend") as client:
        wait_until(lambda: client.exists("ballots:waiting"))
    poll.postgres.query("UPDATE poll SET opens_at = now()")
    wait_for_intake(redis_server)
    assert poll.postgres.query("SELECT opened FROM queues") == [(True,)]
    # Nobody says so any more.
    with redis_server.client("frontend") as client:
        wait_until(lambda: not client.exists("ballots:waiting"))
    assert worker.stop() == 0


def test_a_poll_closes_by_the_clock(poll: Poll, redis_server: RedisServer) -> None:
    for name in ("worker01", "worker02"):
        poll.start_worker(redis_server, name)
    wait_for_intake(redis_server)
    poll.postgres.query("UPDATE poll SET closes_at = now() + interval '1 second'")
    assert cast(redis_server, "a")
    wait_until(lambda: not cast(redis_server, "a"))
    [(state, closed_at, due)] = poll.postgres.query("SELECT state, closed_at, closes_at FROM poll")
    assert state == "closed"
    assert closed_at >= due
    wait_until(lambda: poll.postgres.query("SELECT 1 FROM draining") == [])
    assert poll.postgres.query("SELECT closed_at FROM poll") == [(closed_at,)]
    poll.check()


def test_a_new_queue_of_a_closed_poll_is_closed_for_good(
    poll: Poll, redis_server: RedisServer, connect_queue: ConnectQueue
) -> None:
    """And no worker that learned of an open poll, and was stopped then, opens it later."""
    config = Config.from_environ(poll.environment(redis_server))
    poll.close()
    poll.start_worker(redis_server)
    with redis_server.client() as client:
        wait_until(lambda: client.exists("ballots:closed"))
    assert not connect_queue(redis_server.host, config).open_intake()
    assert not cast(redis_server, "a")
    assert poll.postgres.query("SELECT opened FROM queues") == [(False,)]


def test_of_a_worker_that_opens_and_one_that_closes_a_new_queue_one_wins(
    poll: Poll, redis_server: RedisServer
) -> None:
    config = Config.from_environ(poll.environment(redis_server))

    async def play() -> None:
        opener, closer = [await Queue.connect(redis_server.host, config) for _ in "ab"]
        for _ in range(200):
            await asyncio.gather(opener.open_intake(), end_intake(closer))
            assert len((await opener.look()).streams) == 1
            with redis_server.client() as client:
                client.delete("ballots", "ballots:closed")
        for queue in (opener, closer):
            queue.close()

    run(play())


@pytest.mark.parametrize(
    ("opened", "look", "act"),
    [(False, Queue.open_intake, "XGROUP"), (True, end_intake, "RENAME")],
)
def test_a_worker_that_is_stopped_between_its_look_and_its_act_changes_nothing(
    poll: Poll,
    redis_server: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
    opened: bool,
    look: Callable[[Queue], Coroutine[Any, Any, bool]],
    act: str,
) -> None:
    config = Config.from_environ(poll.environment(redis_server))
    original = RedisConnection.ask

    async def play() -> None:
        late, other = [await Queue.connect(redis_server.host, config) for _ in "ab"]
        if opened:
            assert await other.open_intake()

        async def meanwhile(connection: RedisConnection, *commands: Command) -> list[Any]:
            if act in (command[0] for command in commands):
                monkeypatch.undo()
                assert opened or await other.open_intake()
                assert cast(redis_server, "a")
                assert await end_intake(other)
            return await original(connection, *commands)

        monkeypatch.setattr(RedisConnection, "ask", meanwhile)
        assert not await look(late)
        # It came to the act.
        assert RedisConnection.ask is original
        streams = (await other.look()).streams
        assert {name: figures.backlog for name, figures in streams.items()} == {CLOSED: 1}
        for queue in (late, other):
            queue.close()

    run(play())


def test_the_oldest_ballot_that_waits_tells_how_far_behind_the_workers_are(
    poll: Poll, redis_server: RedisServer, connect_queue: ConnectQueue
) -> None:
    config = Config.from_environ(poll.environment(redis_server))
    queue = connect_queue(redis_server.host, config)
    assert queue.open_intake()
    assert queue.look().streams[OPEN].oldest_ms is None
    for _ in "ab":
        assert cast(redis_server, "a")
    with redis_server.client() as client:
        [(first, _), _] = client.xrange(OPEN)
    oldest_ms = int(first.split("-")[0])
    assert Figures.of(queue.look().streams.values()) == Figures(2, 2, oldest_ms)


def test_a_queue_is_not_opened_behind_a_closing(poll: Poll, redis_server: RedisServer) -> None:
    config = Config.from_environ(poll.environment(redis_server))
    store, queue = Store.connect(config), uuid4()
    store.register(queue)
    closing = poll.postgres.connect()
    with ThreadPoolExecutor(1) as thread, closing.cursor() as cursor:
        cursor.execute("BEGIN; UPDATE poll SET state = 'closed', closed_at = now()")
        answer = thread.submit(store.may_open, queue)
        wait_until(lambda: poll.postgres.query("SELECT 1 FROM pg_locks WHERE NOT granted"))
        cursor.execute("COMMIT")
        assert answer.result(20) is False
    closing.close()
    store.close()
    assert poll.postgres.query("SELECT opened, intake_open FROM queues") == [(False, False)]


def test_a_closed_queue_is_read_to_its_end_and_never_opened_again(
    poll: Poll, redis_server: RedisServer
) -> None:
    redis_server.open_intake()
    cast(redis_server, "a")
    with redis_server.client() as client:
        client.rename("ballots", "ballots:closed")
    # The state in Postgres still says open.
    poll.start_worker(redis_server)
    poll.wait_for_entries(1)
    assert not cast(redis_server, "a")
    poll.check()


def test_a_look_of_before_the_end_does_not_unmake_it(poll: Poll, redis_server: RedisServer) -> None:
    """A worker that was held up between its look and its report changes nothing."""
    store, queue = Store.connect(Config.from_environ(poll.environment(redis_server))), uuid4()
    store.register(queue)

    def report(figures: Figures, intake_open: bool, knew: str) -> int:
        return store.report({queue: Report(figures, intake_open, "", knew, time.monotonic())})[
            queue
        ]

    assert store.may_open(queue)
    report(Figures(7, 3), True, "open")
    poll.postgres.query("UPDATE queues SET retired_at = now()")
    assert store.intake_states([queue]) == {queue: "retired"}
    report(Figures(9, 0), False, "retired")
    assert poll.postgres.query("SELECT 1 FROM draining") == []
    stands = "SELECT entries_added, waiting, intake_open, ended, shortfall FROM queues"
    end = poll.postgres.query(stands)
    for late in (Figures(7, 3), Figures(9, 2)):
        assert report(late, True, "open") == 9
    assert poll.postgres.query(stands) == end
    store.close()
