"""A worker process in the life it will have: everything around it, and itself, may fail."""

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

from testing.poll import Frontend, Poll, cast, entry, wait_for_intake, wrong_clock
from testing.redis_server import RedisServer
from testing.waiting import wait_until
from worker.merger import GATHER_SECONDS

GROUP = "counters"


def more(figure: Callable[[], int], than: int) -> bool:
    return figure() > than


def test_votes_changes_test_votes_and_junk_all_end_where_they_belong(
    poll: Poll, redis_server: RedisServer
) -> None:
    worker = poll.start_worker(redis_server)
    wait_for_intake(redis_server)
    voter = uuid4()
    assert cast(redis_server, "a", voter)
    assert cast(redis_server, "b", voter)
    assert cast(redis_server, "a")
    assert cast(redis_server, "test")
    assert cast(redis_server, "nobody")
    assert cast(redis_server, "a", cast="yesterday")
    assert cast(redis_server, "a", surplus="field")
    poll.wait_for_entries(7)
    assert poll.tally() == {"a": 1, "b": 1, "test": 1}
    poll.check()
    assert poll.postgres.query("SELECT count(*) FROM rejected") == [(3,)]
    delivered = "SELECT worker, ballots, rejected FROM deliveries"
    assert poll.postgres.query(delivered) == [("worker worker01", 4, 3)]
    wait_until(lambda: poll.postgres.query("SELECT node FROM queues") == [("frontend01",)])
    assert worker.stop() == 0


def test_all_of_an_entry_is_in_the_ledger(poll: Poll, redis_server: RedisServer) -> None:
    poll.start_worker(redis_server)
    wait_for_intake(redis_server)
    vote = entry("a", flag="3", seq="17")
    with redis_server.client("frontend") as client:
        client.xadd("ballots", vote)
        client.xadd("ballots", vote | {"poll": "tea"})
    poll.wait_for_entries(2)
    columns = "SELECT voter::text, choice, cast_us, flag, node, boot::text, seq, mac FROM ballots"
    assert poll.postgres.query(columns) == [
        (
            *(vote["voter"], "a", int(vote["cast"]), 3, "frontend01", vote["boot"], 17),
            UUID(vote["mac"]),
        )
    ]
    told = poll.postgres.query("SELECT reason, own FROM rejected")
    assert told == [("it is of another poll", True)]


def test_a_worker_killed_between_commit_and_acknowledgement_counts_once(
    poll: Poll, redis_server: RedisServer
) -> None:
    worker = poll.start_worker(redis_server)
    wait_for_intake(redis_server)
    with poll.stuck_merges():
        cast(redis_server, "a")
        poll.wait_for_stuck_merge()
        worker.pause()
    # The merge and its COMMIT were one message: Postgres finishes without the worker.
    wait_until(lambda: poll.ballots() == 1)
    worker.kill()
    with redis_server.client() as client:
        assert client.xpending("ballots", GROUP)["pending"] == 1
    poll.start_worker(redis_server)
    poll.wait_for_entries(1)
    assert poll.tally()["a"] == 1
    poll.check()


def test_a_worker_killed_before_its_commit_loses_nothing(
    poll: Poll, redis_server: RedisServer
) -> None:
    worker = poll.start_worker(redis_server)
    wait_for_intake(redis_server)
    with poll.stuck_merges():
        cast(redis_server, "a")
        poll.wait_for_stuck_merge()
        poll.postgres.kill()
        worker.kill()
    poll.postgres.start()
    assert poll.ballots() == 0
    poll.start_worker(redis_server)
    poll.wait_for_entries(1)
    assert poll.tally()["a"] == 1
    poll.check()


def test_a_paused_worker_holds_nobody_up_and_does_no_harm_when_it_wakes(
    poll: Poll, redis_server: RedisServer
) -> None:
    sleeper = poll.start_worker(redis_server, "sleeper")
    wait_for_intake(redis_server)
    with poll.stuck_merges():
        cast(redis_server, "a")
        poll.wait_for_stuck_merge()
        sleeper.pause()
    poll.start_worker(redis_server, "worker02", CLAIM_IDLE="0.5")
    for _ in range(10):
        cast(redis_server, "b")
    poll.wait_for_entries(11)
    sleeper.resume()
    assert sleeper.stop() == 0
    assert poll.tally() == {"a": 1, "b": 10, "test": 0}
    poll.check()


def test_postgres_killed_and_restarted_under_load(poll: Poll, redis_server: RedisServer) -> None:
    poll.start_worker(redis_server)
    wait_for_intake(redis_server)
    frontend = Frontend(redis_server)
    frontend.start()
    for _ in range(2):
        ballots, taken = poll.ballots(), frontend.taken
        wait_until(partial(more, poll.ballots, ballots))
        poll.postgres.kill()
        wait_until(partial(more, lambda: frontend.taken, taken))
        poll.postgres.start()
    poll.wait_for_entries(frontend.finish())
    assert poll.ballots() == frontend.taken
    poll.check()


def test_redis_killed_and_restarted(poll: Poll, redis_server: RedisServer) -> None:
    worker = poll.start_worker(redis_server)
    wait_for_intake(redis_server)
    cast(redis_server, "a")
    redis_server.kill()
    wait_until(lambda: "again in" in worker.log())
    redis_server.start()
    cast(redis_server, "b")
    poll.wait_for_entries(2)
    assert worker.process.poll() is None
    poll.check()


def test_redis_paused_and_woken(poll: Poll, redis_server: RedisServer) -> None:
    worker = poll.start_worker(redis_server)
    wait_for_intake(redis_server)
    with poll.stuck_merges():
        cast(redis_server, "a")
        poll.wait_for_stuck_merge()
        redis_server.pause()
    wait_until(lambda: poll.ballots() == 1)
    # Stored, and its acknowledgement hangs until the worker gives up and starts over.
    wait_until(lambda: "again in" in worker.log())
    redis_server.resume()
    poll.wait_for_entries(1)
    poll.check()


def test_two_workers_share_a_queue(poll: Poll, redis_server: RedisServer) -> None:
    for name in ("worker01", "worker02"):
        poll.start_worker(redis_server, name, BATCH_SIZE="50", CLAIM_IDLE="0.2")
    wait_for_intake(redis_server)
    frontends = [Frontend(redis_server) for _ in range(3)]
    for frontend in frontends:
        frontend.start()
    wait_until(lambda: poll.ballots() > 2000)
    poll.wait_for_entries(sum(frontend.finish() for frontend in frontends))
    poll.check()


def test_sigterm_finishes_the_batch_and_leaves(poll: Poll, redis_server: RedisServer) -> None:
    worker = poll.start_worker(redis_server)
    wait_for_intake(redis_server)
    with poll.stuck_merges():
        cast(redis_server, "a")
        poll.wait_for_stuck_merge()
        worker.process.terminate()
    assert worker.process.wait(10) == 0
    assert poll.ballots() == 1
    with redis_server.client() as client:
        assert client.xlen("ballots") == 0
        assert client.xpending("ballots", GROUP)["pending"] == 0
    assert worker.log().rstrip().endswith("left")


def test_a_server_that_is_no_queue_is_left_alone(poll: Poll, redis_server: RedisServer) -> None:
    with redis_server.client() as client:
        client.set("queue:id", "something else")
    worker = poll.start_worker(redis_server)
    wait_until(lambda: "badly formed" in worker.log())
    assert poll.postgres.query("SELECT * FROM queues") == []


def test_the_health_command_follows_the_main_loop(
    poll: Poll, redis_server: RedisServer, tmp_path: Path
) -> None:
    def healthy(hours_off: int = 0) -> bool:
        command = [sys.executable, "-m", "worker.health"]
        directory = {"TMPDIR": str(tmp_path / "worker01")}
        environment = os.environ | wrong_clock(hours_off) | directory
        source = Path(__file__).parents[1]
        return subprocess.run(command, check=False, cwd=source, env=environment).returncode == 0

    (tmp_path / "worker01").mkdir()
    assert not healthy()
    worker = poll.start_worker(redis_server)
    wait_until(healthy)
    # Its machine's clock is set while it runs.
    assert healthy(hours_off=1)
    worker.kill()
    assert healthy(hours_off=-1)
    os.utime(tmp_path / "worker01" / "alive", (0, 0))
    assert not healthy()


def test_few_votes_are_gathered_into_few_batches(poll: Poll, redis_server: RedisServer) -> None:
    poll.start_worker(redis_server)
    wait_for_intake(redis_server)
    frontend = Frontend(redis_server)
    frontend.start()
    wait_until(lambda: poll.ballots() > 200)
    poll.wait_for_entries(frontend.finish())
    [(batches, seconds)] = poll.postgres.query(
        "SELECT count(*), extract(epoch FROM max(stored_at) - min(stored_at))::float"
        " FROM (SELECT DISTINCT stored_at FROM ballots) AS batch"
    )
    assert batches <= seconds / GATHER_SECONDS + 1.01
