"""The store, as a worker sees it: one Postgres connection that merges the batches of one queue."""

from io import BytesIO
from typing import Any
from uuid import UUID

import psycopg2
from psycopg2.errors import UniqueViolation
from psycopg2.extras import execute_values

from worker.ballots import Batch
from worker.config import Config
from worker.queue import Figures

# What is put in here is gone at the end of the transaction; no other session ever sees it.
STAGING = """
    CREATE TEMPORARY TABLE incoming (
        entry_ms bigint, entry_seq bigint, voter uuid, choice text, cast_us bigint
    ) ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE malformed (
        entry_ms bigint, entry_seq bigint, reason text, payload bytea[]
    ) ON COMMIT DELETE ROWS;
"""

# The ledger's triggers do the counting. Rows are taken in the order of their keys: two merges in
# opposite orders would wait for each other. COMMIT comes in the same message, because a worker that
# is stopped between the two would hold up all others with its locks.
MERGE = """
    INSERT INTO ballots (queue, entry_ms, entry_seq, voter, choice, cast_us)
    SELECT %(queue)s::uuid, entry_ms, entry_seq, voter, choice, cast_us FROM incoming
    ORDER BY entry_ms, entry_seq;
    INSERT INTO rejected (queue, entry_ms, entry_seq, reason, payload)
    SELECT %(queue)s::uuid, entry_ms, entry_seq, reason, payload FROM malformed
    ORDER BY entry_ms, entry_seq;
    COMMIT
"""
# An entry keeps the place that it was given first, also where it was rejected and its choice is
# known by now.
KEEP_NEW = "".join(
    f"DELETE FROM {staged} USING {stored} WHERE {stored}.queue = %(queue)s"
    f" AND ({stored}.entry_ms, {stored}.entry_seq) = ({staged}.entry_ms, {staged}.entry_seq);"
    for staged in ("incoming", "malformed")
    for stored in ("ballots", "rejected")
)

# All workers look at all queues every second. Whoever comes first writes, over what is from the
# future, too: the store's clock has been ahead. What a retired queue ended with stands: nobody
# could correct a worker that was held up between its look and this.
REPORT = """
    UPDATE queues SET seen_at = now(), node = coalesce(nullif(%(node)s, ''), node),
        intake_open = %(intake_open)s, entries_added = %(entries_added)s, waiting = %(waiting)s,
        oldest_ms = %(oldest_ms)s
    WHERE queue = %(queue)s
        AND (seen_at NOT BETWEEN now() - interval '0.9 seconds' AND now()
            OR intake_open <> %(intake_open)s)
        AND (retired_at IS NULL OR seen_at <= retired_at OR intake_open OR waiting > 0)
"""


class Store:
    """One connection, for one queue. Every method may raise psycopg2.Error; then connect anew."""

    def __init__(self, connection: Any, queue: UUID) -> None:
        self._connection = connection
        self._queue = str(queue)
        # Statements are transactions of their own, but for those between BEGIN and COMMIT.
        connection.autocommit = True
        self._execute(STAGING)
        # The queue is known here before it is ever opened: an audit never misses one.
        register = "INSERT INTO queues (queue) VALUES (%(queue)s) ON CONFLICT DO NOTHING"
        self._execute(register, queue=self._queue)

    @classmethod
    def connect(cls, config: Config, queue: UUID) -> "Store":
        connection = psycopg2.connect(
            host=config.store_host,
            port=config.store_port,
            dbname=config.store_database,
            user=config.store_user,
            password=config.store_password_file.read_text().strip(),
            application_name=f"worker {config.node}",
            # A node that dies says nothing: find out within half a minute.
            connect_timeout=5,
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
            tcp_user_timeout=30_000,
        )
        return cls(connection, queue)

    def close(self) -> None:
        self._connection.close()

    def choices(self) -> list[str]:
        """The keys that a ballot may name."""
        return [key for (key,) in self._execute("SELECT key FROM choices")]

    def intake_state(self) -> str:
        """`waiting`, `open` or `closed`, as the poll is by now; or `retired`, as this queue is."""
        state: str = self._execute("SELECT intake_state(%(queue)s)", queue=self._queue)[0][0]
        return state

    def may_open(self) -> bool:
        """Note that the queue is about to take votes; False where the poll is not open."""
        return bool(self._execute("SELECT may_open(%(queue)s)", queue=self._queue)[0][0])

    def merge(self, batch: Batch) -> None:
        """Store a batch in one transaction; on return it is on disk, and counted once."""
        statements = MERGE
        while True:
            try:
                return self._merge(batch, statements)
            except UniqueViolation:
                # Some of it was delivered before, and somebody has stored it. That is rare, and is
                # looked for only now: ON CONFLICT would cost each ballot a fifth more. Whoever
                # comes in between has stored something, so this ends.
                self._execute("ROLLBACK")
                statements = KEEP_NEW + MERGE

    def _merge(self, batch: Batch, statements: str) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.copy_expert("COPY incoming FROM STDIN", BytesIO(batch.accepted), size=1 << 20)
            if batch.rejected:
                execute_values(cursor, "INSERT INTO malformed VALUES %s", batch.rejected)
            cursor.execute(statements, {"queue": self._queue})

    def report(self, figures: Figures, *, intake_open: bool, node: str) -> None:
        """Tell what the queue's Redis says of it, for the pages and the audit."""
        self._execute(
            REPORT, queue=self._queue, intake_open=intake_open, node=node, **figures._asdict()
        )

    def _execute(self, statement: str, **parameters: object) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []
