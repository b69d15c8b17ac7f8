"""The store's disk loses its power, or is full: every vote is counted, and once."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from testing.disk import Disk, mounted_disk
from testing.poll import Frontend, Poll, Worker, wait_for_intake
from testing.postgres_server import PostgresServer
from testing.redis_server import RedisServer
from testing.waiting import wait_until

CUTS = 2
MOST_TRIES = 5
ENOUGH = 200  # votes
# Of the log's files some are made ahead of time.
MOST_LOG_FILES = 10


@pytest.fixture(scope="module")
def store_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disk]:
    """The disk that the store keeps its data on."""
    image = tmp_path_factory.mktemp("store") / "store.img"
    with (
        # Not in tmp_path, for the reasons that `postgres_server` gives.
        tempfile.TemporaryDirectory(prefix="landslide-pg-") as directory,
        mounted_disk(image, Path(directory) / "data", 256) as disk,
    ):
        yield disk


@pytest.fixture(scope="module")
def postgres_server(store_disk: Disk) -> Iterator[PostgresServer]:
    """One store for all these tests, with its data on `store_disk`."""
    # Root's Postgres runs as nobody, and there is none but root's here.
    shutil.chown(store_disk.path, "nobody")
    server = PostgresServer(store_disk.path.parent)
    yield server
    server.kill()


@pytest.fixture
def worker(poll: Poll, redis_server: RedisServer) -> Worker:
    """The worker of a queue that takes votes, on a disk that always has room and power."""
    worker = poll.start_worker(redis_server)
    wait_for_intake(redis_server)
    return worker


@contextmanager
def superuser(postgres: PostgresServer) -> Iterator[Any]:
    """A cursor of the role that may also do what the owner may not."""
    with closing(postgres.connect("postgres")) as connection:
        yield connection.cursor()


@pytest.fixture
def early_answers(postgres: PostgresServer) -> Iterator[None]:
    """Have the store answer a commit before it is on disk."""
    with superuser(postgres) as settings:
        settings.execute("ALTER SYSTEM SET synchronous_commit = off")
        settings.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")
    postgres.stop()
    postgres.start()
    yield
    with superuser(postgres) as settings:
        settings.execute("ALTER SYSTEM RESET ALL")
    postgres.stop()


def lost_by_a_power_cut(poll: Poll, queue: RedisServer, disk: Disk) -> int:
    """Cut the store's power among votes; how many the queue has let go of and the store has not."""
    frontend = Frontend(queue)
    frontend.start()
    ballots = poll.ballots()
    wait_until(lambda: poll.ballots() >= ballots + ENOUGH)
    disk.cut_power()
    poll.postgres.kill()
    poll.postgres.start()
    frontend.finish()
    with queue.client() as client:
        wait_until(lambda: client.xlen("ballots") == 0)
        added: int = client.xinfo_stream("ballots")["entries-added"]
    return added - poll.ballots()


def end_for_want_of_room(postgres: PostgresServer) -> None:
    """Use up the files that are there for the log, until Postgres ends for want of another."""
    with superuser(postgres) as log, pytest.raises(psycopg2.OperationalError):
        for _ in range(MOST_LOG_FILES):
            log.execute("SELECT pg_logical_emit_message(true, '', ''), pg_switch_wal()")
    assert "PANIC" in postgres.log_path.read_text()


@pytest.mark.usefixtures("worker")
def test_power_cuts_lose_nothing(poll: Poll, redis_server: RedisServer, store_disk: Disk) -> None:
    for _ in range(CUTS):
        assert lost_by_a_power_cut(poll, redis_server, store_disk) == 0
    poll.check()


@pytest.mark.usefixtures("early_answers", "worker")
def test_a_power_cut_would_show_a_store_that_answers_too_early(
    poll: Poll, redis_server: RedisServer, store_disk: Disk
) -> None:
    assert any(lost_by_a_power_cut(poll, redis_server, store_disk) for _ in range(MOST_TRIES))


@pytest.mark.parametrize("log_too", [False, True])
def test_a_full_disk_delays_the_count(
    poll: Poll, redis_server: RedisServer, worker: Worker, store_disk: Disk, log_too: bool
) -> None:
    frontend = Frontend(redis_server)
    frontend.start()
    wait_until(poll.ballots)
    with store_disk.full():
        wait_until(lambda: "No space left on device" in worker.log())
        if log_too:
            end_for_want_of_room(poll.postgres)
        taken = frontend.taken
        wait_until(lambda: frontend.taken > taken + ENOUGH)
    if log_too:
        # As Swarm does with what has ended.
        poll.postgres.kill()
        poll.postgres.start()
    poll.wait_for_entries(frontend.finish())
    assert poll.ballots() == frontend.taken
    poll.check()
