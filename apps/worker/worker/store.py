"""The store, as a worker sees it: one Postgres connection, for all queues that the worker reads."""

import logging
import time
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, NamedTuple
from uuid import UUID

import psycopg2
from common.store import connect
from psycopg2.errors import UniqueViolation
from psycopg2.extras import execute_values

from worker.ballots import Batch, Sorter
from worker.config import Config
from worker.queue import Figures
from worker.roster import Member

log = logging.getLogger(__name__)

# A node that dies says nothing: find out within half a minute.
SECONDS = 30

BALLOT = "queue, entry_ms, entry_seq, voter, choice, cast_us, flag, node, boot, seq, mac"
# What is put in here is gone at the end of the transaction; no other session ever sees it.
STAGING = """
    CREATE TEMPORARY TABLE incoming (
        queue uuid, entry_ms bigint, entry_seq bigint, voter uuid, choice text, cast_us bigint,
        flag smallint, node text, boot uuid, seq bigint, mac uuid
    ) ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE malformed (
        queue uuid, entry_ms bigint, entry_seq bigint, reason text, payload bytea[], own boolean
    ) ON COMMIT DELETE ROWS;
"""

# The ledger's triggers do the counting. Rows are taken in the order of their keys: two merges in
# opposite orders would wait for each other. COMMIT comes in the same message, because a worker that
# is stopped between the two would hold up all others with its locks.
MERGE = f"""
    INSERT INTO ballots ({BALLOT})
    SELECT {BALLOT} FROM incoming ORDER BY queue, entry_ms, entry_seq;
    INSERT INTO rejected (queue, entry_ms, entry_seq, reason, payload, own)
    SELECT queue, entry_ms, entry_seq, reason, payload, own FROM malformed
    ORDER BY queue, entry_ms, entry_seq;
    COMMIT
"""
# An entry keeps the place that it was given first, also where it was rejected and its choice is
# known by now.
SAME_ID = """
    ({stored}.queue, {stored}.entry_ms, {stored}.entry_seq)
    = ({staged}.queue, {staged}.entry_ms, {staged}.entry_seq)
"""
KEEP_NEW = "".join(
    f"DELETE FROM {staged} USING {stored} WHERE {SAME_ID.format(staged=staged, stored=stored)};"
    for staged in ("incoming", "malformed")
    for stored in ("ballots", "rejected")
)
# What comes under the id of another entry is written down before it is left out: a queue that has
# lost entries gives their ids again. What comes without content was deleted meanwhile, and is none.
VALUES = """
    array_remove(ARRAY[{0}.voter::text, {0}.choice, {0}.cast_us::text, {0}.flag::text, {0}.node,
        {0}.boot::text, {0}.seq::text, replace({0}.mac::text, '-', '')], NULL)::bytea[]
"""
IN, LEDGER = VALUES.format("incoming"), VALUES.format("ballots")
DIFFERS = {
    ("incoming", "ballots"): f"{IN} <> {LEDGER}",
    ("incoming", "rejected"): f"NOT coalesce({IN} <@ rejected.payload, false)",
    ("malformed", "ballots"): f"NOT {LEDGER} <@ malformed.payload",
    ("malformed", "rejected"): "malformed.payload IS NOT NULL"
    " AND malformed.payload IS DISTINCT FROM rejected.payload",
}
COLLIDE = f"""
    INSERT INTO collisions (queue, entry_ms, entry_seq, payload)
    {
    " UNION ALL ".join(
        f"SELECT {staged}.queue, {staged}.entry_ms, {staged}.entry_seq, {staged}::text"
        f" FROM {staged} JOIN {stored} ON {SAME_ID.format(staged=staged, stored=stored)}"
        f" WHERE {differs}"
        for (staged, stored), differs in DIFFERS.items()
    )
}
    ORDER BY 1, 2, 3, 4 ON CONFLICT DO NOTHING
"""
BEAT = """
    INSERT INTO workers (worker, unreached) VALUES (%(name)s, %(unreached)s)
    ON CONFLICT (worker) DO UPDATE SET beat = workers.beat + 1, unreached = EXCLUDED.unreached;
    SELECT worker, beat, unreached FROM workers
"""
REPORT = """
    SELECT queue, report(queue, added, backlog, oldest_ms, intake_open, node, knew, confirmed, age)
    FROM (VALUES %s) AS told
        (queue, added, backlog, oldest_ms, intake_open, node, knew, confirmed, age)
"""
REPORT_TYPES = "(%s::uuid, %s::bigint, %s::bigint, %s::bigint, %s, %s, %s, %s, %s)"


class Refused(Exception):
    """The store is well, and does not take what it was given."""


class Report(NamedTuple):
    """What a worker saw of a queue.

    `knew` is what `intake_states` said before the look, `node` the node that sent the latest entry,
    or "". `looked_at` is when it looked, by `time.monotonic`. `confirmed`: the look came after an
    answer to an earlier report that was higher.
    """

    figures: Figures
    intake_open: bool
    node: str
    knew: str
    looked_at: float
    confirmed: bool = False


class Store:
    """One connection, for one thread. Every method may raise psycopg2.Error; then connect anew."""

    def __init__(self, connection: Any, name: str) -> None:
        self._connection = connection
        self._name = name
        self._execute(STAGING)

    @classmethod
    def connect(cls, config: Config) -> "Store":
        return cls(connect(config.store, f"worker {config.node}", SECONDS), config.node)

    def close(self) -> None:
        self._connection.close()

    def beat(self, unreached: Collection[str]) -> list[Member]:
        """Say that this worker is alive, and which addresses it cannot reach; all that are."""
        found = self._execute(BEAT, name=self._name, unreached=sorted(unreached))
        return [Member(*row) for row in found]

    def remove(self, gone: Member) -> None:
        """Take a worker that is gone from the list, unless it has beaten since."""
        remove = "DELETE FROM workers WHERE worker = %(name)s AND beat = %(beat)s"
        self._execute(remove, name=gone.name, beat=gone.beat)

    def leave(self) -> None:
        """Take this worker from the list: the others read its queues from their next beat on."""
        self._execute("DELETE FROM workers WHERE worker = %(name)s", name=self._name)

    def register(self, queue: UUID) -> Sorter:
        """Make the queue known before it is ever opened: an audit never misses one.

        Returns what sorts its entries by the poll's id, which a store has from its first poll file
        on, and the keys that a ballot may name.
        """
        register = "INSERT INTO queues (queue) VALUES (%(queue)s) ON CONFLICT DO NOTHING"
        self._execute(register, queue=str(queue))
        choices = self._execute("SELECT key FROM choices")
        return Sorter([key for (key,) in choices], self._execute("SELECT id FROM poll")[0][0])

    def intake_states(self, queues: Iterable[UUID]) -> dict[UUID, str]:
        """`waiting`, `open` or `closed`, as the poll is by now; or `retired`, as that queue is.

        What is due is due by this machine's clock and by the store's: one alone may be wrong.
        """
        ask = "SELECT queue::text, state FROM intake_states(%(queues)s::uuid[], %(now)s)"
        found = self._execute(ask, queues=[str(queue) for queue in queues], now=datetime.now(UTC))
        return {UUID(queue): state for queue, state in found}

    def may_open(self, queue: UUID) -> bool:
        """Note that the queue is about to take votes; False where the poll is not open."""
        return bool(self._execute("SELECT may_open(%(queue)s)", queue=str(queue))[0][0])

    def merge(self, batches: Mapping[UUID, Batch]) -> None:
        """Store a batch of each queue in one transaction; on return all is on disk, counted once.

        Raises Refused, with nothing stored, for what the store does not take.
        """
        keep_new = False
        while True:
            try:
                return self._merge(batches, keep_new)
            except UniqueViolation:
                # Some of it was delivered before, and somebody has stored it. That is rare, and is
                # looked for only now: ON CONFLICT would cost each ballot a fifth more. Whoever
                # comes in between has stored something, so this ends.
                self._execute("ROLLBACK")
                keep_new = True
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
                raise
            except psycopg2.Error as error:
                self._execute("ROLLBACK")
                raise Refused(" ".join(str(error).split())) from error

    def _merge(self, batches: Mapping[UUID, Batch], keep_new: bool) -> None:
        lines = b"".join(
            b"%b\t%b\n" % (prefix, (b"\n%b\t" % prefix).join(batch.accepted))
            for queue, batch in batches.items()
            if batch.accepted and (prefix := str(queue).encode())
        )
        malformed = [
            (str(queue), *entry) for queue, batch in batches.items() for entry in batch.rejected
        ]
        with self._connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.copy_expert("COPY incoming FROM STDIN", BytesIO(lines), size=1 << 20)
            if malformed:
                execute_values(cursor, "INSERT INTO malformed VALUES %s", malformed)
            if keep_new:
                cursor.execute(COLLIDE)
                if cursor.rowcount:
                    log.error("%d entries have the ids of others", cursor.rowcount)
                cursor.execute(KEEP_NEW)
            cursor.execute(MERGE)

    def report(self, reports: Mapping[UUID, Report]) -> dict[UUID, int]:
        """Report figures of queues; for each the most entries it was ever said to be given.

        Where that is more than its figures have, either somebody has looked later, or the queue has
        lost entries: that is decided by looking again, and `confirmed`.
        """
        now = time.monotonic()
        # All workers take the rows in one order: no two wait for each other.
        rows = [
            (
                *(str(queue), *seen.figures, seen.intake_open, seen.node, seen.knew),
                *(seen.confirmed, now - seen.looked_at),
            )
            for queue, seen in sorted(reports.items())
        ]
        with self._connection.cursor() as cursor:
            found = execute_values(
                cursor, REPORT, rows, template=REPORT_TYPES, page_size=len(rows), fetch=True
            )
        return {UUID(str(queue)): most for queue, most in found}

    def _execute(self, statement: str, **parameters: object) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []
