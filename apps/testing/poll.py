"""A poll in miniature: real queues, a real store, and worker processes to torment."""

import hmac
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from testing.internal_tls import directory_of
from testing.postgres_server import POLL, PostgresServer
from testing.redis_server import RedisServer
from testing.waiting import wait_until

ENTRY_KEY = b"entry-test-key"
SOURCE = Path(__file__).parents[1] / "worker"

# What breaks the count: votes that are not the latest ballot of their voter by the ledger alone, a
# tally that differs from the votes, totals that disagree, entries that were stored and rejected,
# entries with one id, queues that have lost entries.
FAULTS = """
    WITH latest AS (
        SELECT DISTINCT ON (voter) voter, choice, cast_us, queue, entry_ms, entry_seq FROM ballots
        ORDER BY voter, cast_us DESC, queue DESC, entry_ms DESC, entry_seq DESC
    ), recount AS (
        SELECT key AS choice, count(voter) FROM choices LEFT JOIN votes ON choice = key GROUP BY key
    )
    SELECT 'vote', latest::text, votes::text FROM latest FULL JOIN votes USING (voter)
        WHERE latest IS DISTINCT FROM votes.*
    UNION ALL SELECT 'tally', recount::text, tally::text FROM recount FULL JOIN tally USING (choice)
        WHERE recount IS DISTINCT FROM tally.*
    UNION ALL SELECT 'totals', totals::text, '' FROM audit_totals AS totals
        WHERE tally <> votes OR votes <> voters
    UNION ALL SELECT 'entry', ballots::text, rejected::text FROM ballots JOIN rejected
        USING (queue, entry_ms, entry_seq)
    UNION ALL SELECT 'collision', collisions::text, '' FROM collisions
    UNION ALL SELECT 'queue', queues::text, '' FROM queues WHERE shortfall > 0
"""


# `python -m worker`, where a name is several addresses with commas between them.
WORKER = """
from functools import partial
from worker import __main__ as worker

worker.Supervisor = partial(worker.Supervisor, lookup=lambda host: set(host.split(",")))
worker.main()
"""


class Worker:
    """`python -m worker` as a process."""

    def __init__(self, environment: dict[str, str], log_path: Path) -> None:
        self.log_path = log_path
        with log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", WORKER],
                env=os.environ | environment,
                cwd=SOURCE,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def log(self) -> str:
        return self.log_path.read_text()

    def pause(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(25)


class Poll:
    """The store, the queues, and the workers between them."""

    def __init__(self, postgres: PostgresServer, directory: Path) -> None:
        self.postgres = postgres
        self._directory = directory
        self._workers: list[Worker] = []

    def start_worker(
        self, queue: RedisServer | list[RedisServer], name: str = "worker01", **settings: str
    ) -> Worker:
        """Start a worker that finds one queue, or several with one port."""
        (self._directory / name).mkdir(exist_ok=True)
        queues = queue if isinstance(queue, list) else [queue]
        environment = self.environment(queues[0], name) | {
            "QUEUE_HOST": ",".join(queue.host for queue in queues),
            "TMPDIR": str(self._directory / name),
        }
        worker = Worker(environment | settings, self._directory / f"{name}.log")
        self._workers.append(worker)
        return worker

    def environment(self, queue: RedisServer, name: str = "worker01") -> dict[str, str]:
        """The settings of a worker that reads `queue`."""
        return {
            "NODE_NAME": name,
            "QUEUE_HOST": queue.host,
            "QUEUE_PORT": str(queue.port),
            "QUEUE_PASSWORD_FILE": str(queue.password_file("worker")),
            "PGHOST": self.postgres.host,
            "PGPORT": str(self.postgres.port),
            "PG_PASSWORD_FILE": str(self.postgres.password_file("worker")),
            "TLS_DIRECTORY": str(directory_of("worker")),
        }

    def close(self) -> None:
        self.postgres.query("UPDATE poll SET state = 'closed', closed_at = now()")

    def tally(self) -> dict[str, int]:
        return dict(self.postgres.query("SELECT choice, votes FROM tally"))

    def ballots(self) -> int:
        count: int = self.postgres.query("SELECT count(*) FROM ballots")[0][0]
        return count

    def check(self) -> None:
        """The count is what the ledger says, and the ledger holds an entry once."""
        assert self.postgres.query(FAULTS) == []

    def wait_for_entries(self, added: int) -> None:
        """Until all queues together were given `added` entries, and every one is in the ledger."""
        audit = "SELECT sum(entries_added), sum(waiting), sum(missing) FROM audit_queues"
        wait_until(lambda: self.postgres.query(audit) == [(added, 0, 0)])

    @contextmanager
    def stuck_merges(self) -> Iterator[None]:
        """While this holds, a worker that has sent its merge waits in it."""
        owner = self.postgres.connect()
        with owner.cursor() as cursor:
            cursor.execute("BEGIN; LOCK TABLE ballots IN ACCESS EXCLUSIVE MODE")
        try:
            yield
        finally:
            owner.close()

    def wait_for_stuck_merge(self) -> None:
        wait_until(lambda: self.postgres.query("SELECT 1 FROM pg_locks WHERE NOT granted"))

    def end(self) -> None:
        for worker in self._workers:
            worker.kill()


class Frontend(threading.Thread):
    """Votes without pause until the queue refuses; `taken` is how many were acknowledged."""

    def __init__(self, queue: RedisServer) -> None:
        super().__init__(daemon=True)
        self._queue = queue
        self._boot = str(uuid4())
        self._done = threading.Event()
        self.taken = 0

    def run(self) -> None:
        with self._queue.client("frontend") as client:
            while not self._done.is_set():
                vote = entry("a", boot=self._boot, seq=str(self.taken + 1))
                if client.xadd("ballots", vote, nomkstream=True) is None:
                    break
                self.taken += 1

    def finish(self) -> int:
        self._done.set()
        self.join(10)
        return self.taken


def entry(choice: str, voter: UUID | None = None, **fields: str) -> dict[str, str]:
    """A vote as frontends lay it out; `fields` are set or added. Its writer writes no other."""
    values = {
        "poll": str(POLL["id"]),
        "voter": str(voter or uuid4()),
        "choice": choice,
        "cast": str(time.time_ns() // 1000),
        "flag": "0",
        "node": "frontend01",
        "boot": str(uuid4()),
        "seq": "1",
    } | fields
    mac = hmac.new(ENTRY_KEY, "\t".join(values.values()).encode(), "sha256")
    return values | {"mac": mac.hexdigest()[:32]}


def cast(queue: RedisServer, choice: str, voter: UUID | None = None, **fields: str) -> bool:
    """Vote as a frontend does; True where the ballot was taken. `fields` are set or added."""
    vote = entry(choice, voter, **fields)
    with queue.client("frontend") as client:
        taken = client.xadd("ballots", vote, nomkstream=True) is not None
        if taken:
            client.set(f"witness:{vote['boot']}", vote["seq"])
    return taken


def wait_for_intake(queue: RedisServer) -> None:
    """Until a worker has opened the queue."""
    with queue.client("frontend") as client:
        wait_until(lambda: client.exists("ballots"))


def wrong_clock(hours: int) -> dict[str, str]:
    """The environment of a process whose clock is off by so much, by Debian's package faketime.

    Its seconds take as long as ever, and its monotonic clock is that of its machine.
    """
    return {
        "LD_PRELOAD": str(next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))),
        "FAKETIME": f"{hours * 3600:+d}",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


@pytest.fixture
def poll(postgres: PostgresServer, tmp_path: Path) -> Iterator[Poll]:
    """An open poll with no votes yet; its workers are killed after the test."""
    postgres.query("UPDATE poll SET id = %s", POLL["id"])
    poll = Poll(postgres, tmp_path)
    yield poll
    poll.end()
