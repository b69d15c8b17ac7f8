"""Queues come and go with the addresses that their name has, and a worker with its signal."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from testing.poll import Poll, cast, wait_for_intake
from testing.redis_server import RedisServer
from testing.waiting import wait_until
from worker.config import Config
from worker.reader import LONGEST_DELAY, backoff
from worker.supervisor import Supervisor

# A worker that waits for a signal and does nothing else.
ONLY_WAITING = """
from worker import __main__ as worker
from worker.waiting import came

class Supervisor:
    def __init__(self, config):
        print("up", flush=True)

    async def run(self, stopping):
        while not await came(stopping, 0.01):
            print("goes on", flush=True)

worker.Config.from_environ = lambda environ: None
worker.Supervisor = Supervisor
worker.main()
"""


@contextmanager
def running(supervisor: Supervisor) -> Iterator[threading.Thread]:
    """A worker in a thread; in the end it has to leave."""
    loop, stopping = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=[supervisor.run(stopping)])
    thread.start()
    yield thread
    loop.call_soon_threadsafe(stopping.set)
    thread.join(10)
    assert not thread.is_alive()
    loop.close()


@pytest.fixture
def config(poll: Poll, redis_server: RedisServer) -> Config:
    """A worker whose queues are nowhere."""
    nowhere = {"QUEUE_PORT": "1", "RESOLVE_INTERVAL": "0.05"}
    return Config.from_environ(poll.environment(redis_server) | nowhere)


def tried(poll: Poll) -> list[str]:
    """The addresses that the worker tries to read."""
    found = poll.postgres.query("SELECT unreached FROM workers")
    return [address for (addresses,) in found for address in addresses]


def test_each_address_is_read_while_it_is_listed(poll: Poll, config: Config) -> None:
    listed = {"127.0.0.1"}
    with running(Supervisor(config, lambda _: listed)):
        wait_until(lambda: tried(poll) == ["127.0.0.1"])
        listed = {"127.0.0.1", "127.0.0.2"}
        wait_until(lambda: tried(poll) == ["127.0.0.1", "127.0.0.2"])
        listed = {"127.0.0.2"}
        wait_until(lambda: tried(poll) == ["127.0.0.2"])
    # It takes itself from the list of workers.
    assert poll.postgres.query("SELECT * FROM workers") == []


def test_a_name_that_does_not_resolve_is_no_reason_to_stop_reading(
    poll: Poll, config: Config
) -> None:
    answers: list[set[str]] = [{"127.0.0.1"}]
    failures: list[str] = []

    def lookup(host: str) -> set[str]:
        if answers:
            return answers.pop()
        failures.append(host)
        raise OSError("no such name")

    with running(Supervisor(config, lookup)):
        wait_until(lambda: tried(poll) == ["127.0.0.1"])
        failed = len(failures)
        wait_until(lambda: len(failures) > failed + 5)
        assert tried(poll) == ["127.0.0.1"]


def test_a_store_that_hangs_does_not_keep_a_worker_from_leaving(
    poll: Poll, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.feed.DRAIN_SECONDS", 0.5)
    config = Config.from_environ(poll.environment(redis_server))
    with poll.stuck_merges(), running(Supervisor(config, lambda host: {host})) as worker:
        wait_for_intake(redis_server)
        cast(redis_server, "a")
        poll.wait_for_stuck_merge()
        assert worker.is_alive()
    # Stored or not, which the worker did not wait to learn: the queue keeps it for the next one.
    with redis_server.client() as redis:
        assert redis.xpending("ballots", "counters")["pending"] == 1


def test_delays_grow_up_to_a_bound_and_differ() -> None:
    assert backoff(1) < 0.3
    assert all(LONGEST_DELAY / 2 <= backoff(1000) <= LONGEST_DELAY for _ in range(100))
    assert len({backoff(5) for _ in range(10)}) > 1


@contextmanager
def only_waiting() -> "Iterator[subprocess.Popen[bytes]]":
    command = [sys.executable, "-c", ONLY_WAITING]
    source = Path(__file__).parent.parent
    with subprocess.Popen(command, cwd=source, stdout=subprocess.PIPE) as worker:
        assert worker.stdout and worker.stdout.readline() == b"up\n"
        yield worker
        worker.kill()


def test_a_signal_is_heard_whenever_it_comes() -> None:
    for _ in range(5):
        with only_waiting() as worker:
            worker.terminate()
            assert worker.wait(10) == 0


def test_a_worker_that_was_stopped_for_longer_than_it_waits_goes_on() -> None:
    with only_waiting() as worker:
        assert worker.stdout
        for _ in range(30):
            worker.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, worker.pid, os.WSTOPPED)
            # Its wait has to be over while it is stopped.
            threading.Event().wait(0.05)
            worker.send_signal(signal.SIGCONT)
            for _ in range(20):
                assert worker.stdout.readline() == b"goes on\n"
        worker.terminate()
        assert worker.wait(10) == 0
