"""The load client before a real frontend, with a real way to a real ledger behind it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from landslide_cli.load.lab import BALLOTS, COUNTED, NEXT
from landslide_cli.load.records import Tail, Vote, new_voter, read, write_voters
from landslide_cli.load.verdict import Ballot, Counted, Verdict, compare
from testing.haproxy_server import free_port
from testing.poll import Poll, cast, wait_for_intake
from testing.postgres_server import PostgresServer
from testing.redis_server import RedisServer
from testing.waiting import wait_until

SCRIPT = Path(__file__).parents[1] / "vote.lua"
FRONTEND = Path(__file__).parents[2] / "frontend"
COOKIE_KEY = "a-cookie-key-for-tests"
CLIENTS = 8
MANY = 100_000


class System(NamedTuple):
    """A frontend with its queue, a worker, and the store."""

    port: int
    queue: RedisServer
    poll: Poll


@pytest.fixture
def system(tmp_path: Path, redis_server: RedisServer, postgres: PostgresServer) -> Iterator[System]:
    poll = Poll(postgres, tmp_path)
    poll.start_worker(redis_server)
    wait_for_intake(redis_server)
    (tmp_path / "cookie_key").write_text(COOKIE_KEY)
    (tmp_path / "edge_token").write_text("an-edge-token-for-tests")
    port = free_port()
    log = tmp_path / "frontend.log"
    environment = {
        "NODE_NAME": "frontend01",
        "POLL_FILE": str(postgres.poll_file),
        "QUEUE_SOCKET": str(redis_server.socket_path),
        "QUEUE_PASSWORD_FILE": str(redis_server.password_file("frontend")),
        "COOKIE_KEY_FILE": str(tmp_path / "cookie_key"),
        "EDGE_TOKEN_FILE": str(tmp_path / "edge_token"),
        "PYTHONPATH": str(FRONTEND),
    }
    start = f"from frontend.__main__ import main; main(port={port})"
    with log.open("wb") as output:
        frontend = subprocess.Popen(
            [sys.executable, "-c", start],
            env=os.environ | environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    processes = len(os.sched_getaffinity(0))
    wait_until(lambda: log.read_text().count("Started worker-") == processes)
    yield System(port, redis_server, poll)
    frontend.terminate()
    frontend.wait(20)
    poll.end()


class Load:
    """A run of the load client, and what came of it."""

    def __init__(
        self,
        system: System,
        directory: Path,
        votes: int,
        seconds: int,
        changed: float,
        pause: int,
    ):
        directory.mkdir()
        write_voters(directory / "voters", (new_voter() for _ in range(votes)), COOKIE_KEY.encode())
        self.directory = directory
        self.tail = Tail(directory, CLIENTS)
        self._system = system
        ((self._since,),) = system.poll.postgres.query(NEXT)
        command = ["wrk", "--script", str(SCRIPT), "--threads", str(CLIENTS)]
        command += ["--connections", str(CLIENTS), "--duration", "60s"]
        command += [f"http://127.0.0.1:{system.port}/", "--", str(directory), str(votes)]
        command += [str(seconds), str(changed), "a,b", str(CLIENTS), str(pause)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def finish(self) -> str:
        """Wait until every client has ended; return what wrk says."""
        wait_until(self.tail.look, 40)
        self.process.send_signal(signal.SIGINT)
        return self.process.communicate(timeout=20)[0]

    def votes(self) -> list[Vote]:
        return read(self.directory)

    def verdict(self) -> Verdict:
        """What the ledger says, once nothing waits."""
        lag = "SELECT waiting, seen_at > %s FROM lag"
        query = self._system.poll.postgres.query
        now = query("SELECT clock_timestamp()")[0][0]
        wait_until(lambda: query(lag, now) == [(0, True)])
        return compare(
            self.votes(),
            [Ballot(*row) for row in query(BALLOTS.format(since=self._since))],
            [Counted(*row) for row in query(COUNTED.format(since=self._since))],
        )


@pytest.fixture
def load(system: System, tmp_path: Path) -> Iterator[Callable[..., Load]]:
    """A function that starts a run."""
    runs: list[Load] = []

    def start(votes: int, seconds: int = 30, changed: float = 0.0, pause: int = 0) -> Load:
        runs.append(Load(system, tmp_path / "load", votes, seconds, changed, pause))
        return runs[-1]

    yield start
    for run in runs:
        run.process.kill()
        run.process.communicate()


def test_every_vote_is_sent_recorded_and_counted_once(
    system: System, load: Callable[..., Load]
) -> None:
    # They were there before, and are no part of what is compared.
    cast(system.queue, "a")
    wait_until(lambda: system.poll.ballots() == 1)
    run = load(1003, changed=0.3)
    said = run.finish()
    cast(system.queue, "test")

    verdict = run.verdict()
    assert verdict.clean
    assert (verdict.sent, verdict.acknowledged) == (1003, 1003)
    assert (verdict.refused, verdict.in_doubt, verdict.extra) == (0, 0, 0)
    assert 550 < verdict.voters < 850
    assert float(said.strip().rpartition(" ")[2]) > 0
    for vote in run.votes():
        # The frontend's time lies between the client's two, and all three are of one clock.
        assert vote.sent <= vote.cast <= vote.sent + vote.took


def test_a_run_ends_with_its_time_and_leaves_nothing_in_doubt(load: Callable[..., Load]) -> None:
    run = load(MANY, seconds=1)
    run.finish()
    votes = run.votes()

    assert 0 < len(votes) < MANY
    assert all(vote.acknowledged for vote in votes)
    assert votes[-1].sent - votes[0].sent < 2e6


def test_clients_pause_before_each_vote(load: Callable[..., Load]) -> None:
    run = load(5 * CLIENTS, changed=0.5, pause=100)
    run.finish()
    votes = run.votes()

    assert len(votes) == 5 * CLIENTS
    assert all(vote.acknowledged for vote in votes)
    # Whatever the machine does beside it: nobody sends a second vote before the pause is over.
    assert votes[-1].sent - votes[0].sent > 4 * 100_000


def test_interrupted_it_keeps_what_it_has(load: Callable[..., Load]) -> None:
    run = load(MANY)
    wait_until(lambda: run.tail.look() or run.tail.votes > 200)
    run.process.send_signal(signal.SIGINT)
    run.process.communicate(timeout=20)

    verdict = run.verdict()
    assert verdict.clean
    assert verdict.acknowledged > 200
    assert verdict.in_doubt <= CLIENTS


def test_refusals_are_recorded_as_such(system: System, load: Callable[..., Load]) -> None:
    run = load(MANY, seconds=3)
    wait_until(lambda: run.tail.look() or run.tail.votes > 200)
    down = time.time() * 1e6
    system.queue.kill()
    wait_until(lambda: any(vote.status == 503 for vote in run.votes()))
    system.queue.start()
    run.finish()

    verdict = run.verdict()
    assert verdict.refused > 0
    assert (verdict.lost, verdict.ghosts, verdict.stale) == (0, 0, 0)
    assert all(vote.acknowledged for vote in run.votes() if vote.sent + vote.took < down)


def test_a_lost_vote_would_be_seen(system: System, load: Callable[..., Load]) -> None:
    run = load(200)
    run.finish()
    assert run.verdict().clean
    voter = run.votes()[0].voter
    for table in ("ballots", "votes"):
        system.poll.postgres.query(f"DELETE FROM {table} WHERE voter = %s", voter)

    assert run.verdict().lost == 1
