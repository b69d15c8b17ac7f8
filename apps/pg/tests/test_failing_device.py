"""A store whose device fails, with EIO: what it has committed is there afterwards, and counted."""

import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import psycopg2
import pytest
from testing.disk import Disk, mounted_disk
from testing.failing_io import FailingIo
from testing.poll import FAULTS
from testing.postgres_server import EMPTY, PostgresServer
from testing.waiting import wait_until

ENOUGH = 50  # merges
EIO = "Input/output error"
MERGE = "INSERT INTO ballots VALUES (%s, 1, %s, gen_random_uuid(), 'a', 1)"


class Merges(threading.Thread):
    """Merge one ballot after the other, as a worker does, until the store fails.

    `acknowledged` are the numbers of those of which it may let go.
    """

    def __init__(self, postgres: PostgresServer) -> None:
        super().__init__(daemon=True)
        self.queue = uuid4()
        self.acknowledged = 0
        self._postgres = postgres

    def run(self) -> None:
        try:
            with closing(self._postgres.connect("worker")) as connection:
                cursor = connection.cursor()
                while True:
                    cursor.execute(MERGE, (self.queue, self.acknowledged))
                    self.acknowledged += 1
        except psycopg2.Error:
            return

    def begin(self) -> None:
        """Return as soon as there are some."""
        self.start()
        wait_until(lambda: self.acknowledged >= ENOUGH or not self.is_alive())
        assert self.is_alive(), self._postgres.log_path.read_text()

    def lost(self) -> int:
        """How many that were acknowledged are not in the ledger, once the store is up again."""
        self.join(20)
        there = "SELECT count(*) FROM ballots WHERE queue = %s AND entry_seq < %s"
        counted: int = self._postgres.query(there, self.queue, self.acknowledged)[0][0]
        return self.acknowledged - counted


def checkpoint(postgres: PostgresServer) -> None:
    """Have the data, and not only the log, on disk; it is no matter if that fails."""
    try:
        with closing(postgres.connect("postgres")) as connection:
            connection.cursor().execute("CHECKPOINT")
    except psycopg2.Error:
        return


Started = Callable[[Path], PostgresServer]


@pytest.fixture
def start() -> Iterator[Started]:
    """A function that makes a store in a directory, with an open poll; it is gone at the end."""
    servers: list[PostgresServer] = []

    def make(directory: Path) -> PostgresServer:
        servers.append(PostgresServer(directory))
        servers[0].query(EMPTY)
        return servers[0]

    yield make
    servers[0].stop(how=signal.SIGKILL)


@pytest.fixture
def directory() -> Iterator[Path]:
    """Not in tmp_path, for the reasons that `postgres_server` gives."""
    with tempfile.TemporaryDirectory(prefix="landslide-pg-") as directory:
        yield Path(directory)


@pytest.fixture
def disk(directory: Path, tmp_path: Path) -> Iterator[Disk]:
    with mounted_disk(tmp_path / "store.img", directory / "data", 256) as disk:
        # Root's Postgres runs as nobody, and there is none but root's here.
        shutil.chown(disk.path, "nobody")
        yield disk


def test_a_device_that_fails_costs_nothing_that_was_committed(disk: Disk, start: Started) -> None:
    postgres = start(disk.path.parent)
    merges = Merges(postgres)
    merges.begin()
    with disk.failing():
        wait_until(postgres.has_ended)
    assert EIO in postgres.log_path.read_text()
    postgres.start()
    assert merges.lost() == 0
    assert postgres.query(FAULTS) == []


@pytest.mark.parametrize(
    ("what", "where"), [("write", "pg_wal"), ("sync", "pg_wal"), ("sync", "/base/")]
)
def test_a_write_or_a_sync_that_fails_is_no_commit(
    directory: Path,
    start: Started,
    failing_io: FailingIo,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
    where: str,
) -> None:
    """By calls that fail, not by a device: of the log, or of the tables at a checkpoint."""
    postgres = start(directory)
    postgres.stop()
    with failing_io.preloaded(where):
        postgres.start()
        merges = Merges(postgres)
        merges.begin()
        with failing_io.failing(what):
            checkpoint(postgres)
            wait_until(postgres.has_ended)
            # Swarm starts it again and again, and it is no better: it does not open.
            with monkeypatch.context() as patch, pytest.raises(RuntimeError, match=EIO):
                patch.setattr("testing.postgres_server.READY_SECONDS", 3)
                postgres.start()
        log = postgres.log_path.read_text()
        assert any("PANIC" in line and EIO in line for line in log.splitlines())
        postgres.start()
    assert merges.lost() == 0
    assert postgres.query(FAULTS) == []
