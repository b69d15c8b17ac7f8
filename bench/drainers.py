"""What may empty queues into the store: our worker, and what to measure it by."""

import sys
from collections.abc import Callable
from contextlib import closing
from io import BytesIO
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

APPS = Path(__file__).resolve().parent.parent / "apps"
sys.path[:0] = [str(APPS), str(APPS / "worker")]

from common.store import connect  # noqa: E402 (found by the line above, as are the others)
from worker.ballots import Batch, Sorter  # noqa: E402
from worker.config import Config  # noqa: E402
from worker.queue import OPEN, Queue  # noqa: E402
from worker.supervisor import Supervisor  # noqa: E402

TABLES = """
    CREATE TABLE single (voter uuid PRIMARY KEY, choice text);
    CREATE TABLE bare (
        entry_ms bigint, entry_seq bigint, voter uuid, choice text, cast_us bigint,
        flag smallint, node text, boot uuid, seq bigint, mac uuid
    );
    GRANT SELECT, INSERT, UPDATE ON single, bare TO worker;
"""
UPSERT = """
    INSERT INTO single VALUES (%s, %s) ON CONFLICT (voter) DO UPDATE SET choice = EXCLUDED.choice
"""


def worker(config: Config, addresses: set[str], go: Event, stopping: Event) -> None:
    """The worker as it is shipped. Before `go` it finds no queues."""
    Supervisor(config, lambda _: addresses if go.is_set() else set()).run(stopping.wait)


def single_rows(config: Config, addresses: set[str], go: Event, _: Event) -> None:
    """What is usual: each vote is a transaction.

    It has it easy: it reads and acknowledges in batches, and keeps neither a ledger nor a tally.
    """

    def store(cursor: Any, batch: Batch) -> None:
        for line in batch.accepted.decode().split("\n"):
            voter, choice = line.split("\t")[2:4]
            cursor.execute(UPSERT, (voter, choice))

    _drain(config, addresses, go, store)


def bare_copy(config: Config, addresses: set[str], go: Event, _: Event) -> None:
    """The most that could be hoped for: COPY into a table without an index, and nothing else."""

    def store(cursor: Any, batch: Batch) -> None:
        cursor.copy_expert("COPY bare FROM STDIN", BytesIO(batch.accepted), size=1 << 20)

    _drain(config, addresses, go, store)


def _drain(
    config: Config, addresses: set[str], go: Event, store: Callable[[Any, Batch], None]
) -> None:
    """Read the queues to their ends, one after the other."""
    sorter = Sorter(["a", "b", "test"], "pets")
    connection = connect(config.store, "drainer", 30)
    go.wait()
    with connection.cursor() as cursor:
        for address in addresses:
            with closing(Queue(address, config)) as queue:
                while found := queue.read({OPEN: ">"}, config.batch_size):
                    [(_, entries)] = found
                    store(cursor, sorter.sort(entries))
                    queue.ack(OPEN, [entry_id for entry_id, _ in entries])
