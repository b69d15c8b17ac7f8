"""Readers come and go with the addresses that the queues' name has."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from testing.waiting import wait_until
from worker.config import Config
from worker.reader import LONGEST_DELAY, backoff
from worker.supervisor import Supervisor

# A worker that waits for a signal and does nothing else.
ONLY_WAITING = """
from worker import __main__ as worker

class Supervisor:
    def __init__(self, config):
        print("up", flush=True)

    def run(self, asked_to_stop):
        while not asked_to_stop(0.01):
            print("goes on", flush=True)

worker.Config.from_environ = lambda environ: None
worker.Supervisor = Supervisor
worker.main()
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A worker whose queues and store are nowhere."""
    (tmp_path / "password").write_text("x")
    return Config.from_environ(
        {
            "NODE_NAME": "worker01",
            "QUEUE_PORT": "1",
            "PGPORT": "1",
            "QUEUE_PASSWORD_FILE": str(tmp_path / "password"),
            "PG_PASSWORD_FILE": str(tmp_path / "password"),
            "RESOLVE_INTERVAL": "0.05",
        }
    )


@contextmanager
def running(supervisor: Supervisor) -> Iterator[None]:
    stopping = threading.Event()
    thread = threading.Thread(target=supervisor.run, args=[stopping.wait])
    thread.start()
    yield
    stopping.set()
    thread.join(10)
    assert not thread.is_alive()


def readers() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("queue ")}


def test_there_is_one_reader_for_each_address_while_it_is_listed(config: Config) -> None:
    listed = {"127.0.0.1"}
    with running(Supervisor(config, lambda _: listed)):
        wait_until(lambda: readers() == {"queue 127.0.0.1"})
        listed = {"127.0.0.1", "127.0.0.2"}
        wait_until(lambda: readers() == {"queue 127.0.0.1", "queue 127.0.0.2"})
        listed = {"127.0.0.2"}
        wait_until(lambda: readers() == {"queue 127.0.0.2"})
    assert readers() == set()


def test_a_name_that_does_not_resolve_is_no_reason_to_stop_reading(config: Config) -> None:
    answers: list[set[str]] = [{"127.0.0.1"}]
    failed = threading.Event()

    def lookup(_host: str) -> set[str]:
        if answers:
            return answers.pop()
        failed.set()
        raise OSError("no such name")

    with running(Supervisor(config, lookup)):
        assert failed.wait(10)
        assert readers() == {"queue 127.0.0.1"}


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
