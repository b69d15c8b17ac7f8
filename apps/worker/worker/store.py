"""The store, as a worker sees it: one Postgres connection that merges the batches of one queue."""

import logging
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from uuid import UUID

from common.store import connect
from psycopg2.errors import UniqueViolation
from psycopg2.extras import execute_values

from worker.ballots import Batch
from worker.config import Config
from worker.queue import Figures

log = logging.getLogger(__name__)

# A node that dies says nothing: find out within half a minute.
SECONDS = 30

BALLOT = "entry_ms, entry_seq, voter, choice, cast_us, flag, node, boot, seq, mac"
# What is put in here is gone at the end of the transaction; no other session ever sees it.
STAGING = """
    CREATE TEMPORARY TABLE incoming (
        entry_ms bigint, entry_seq bigint, voter uuid, choice text, cast_us bigint,
        flag smallint, node text, boot uuid, seq bigint, mac uuid
    ) ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE malformed (
        entry_ms bigint, entry_seq bigint, reason text, payload bytea[], own boolean
    ) ON COMMIT DELETE ROWS;
"""

# The ledger's triggers do the counting. Rows are taken in the order of their keys: two merges in
# opposite orders would wait for each other. COMMIT comes in the same message, because a worker that
# is stopped between the two would hold up all others with its locks.
MERGE = f"""
    INSERT INTO ballots (queue, {BALLOT})
    SELECT %(queue)s::uuid, {BALLOT} FROM incoming ORDER BY entry_ms, entry_seq;
    INSERT INTO rejected (queue, entry_ms, entry_seq, reason, payload, own)
    SELECT %(queue)s::uuid, entry_ms, entry_seq, reason, payload, own FROM malformed
    ORDER BY entry_ms, entry_seq;
    COMMIT
"""
# An entry keeps the place that it was given first, also where it was rejected and its choice is
# known by now.
SAME_ID = """
    {stored}.queue = %(queue)s
    AND ({stored}.entry_ms, {stored}.entry_seq) = ({staged}.entry_ms, {staged}.entry_seq)
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
        f"SELECT %(queue)s::uuid, {staged}.entry_ms, {staged}.entry_seq, {staged}::text"
        f" FROM {staged} JOIN {stored} ON {SAME_ID.format(staged=staged, stored=stored)}"
        f" WHERE {differs}"
        for (staged, stored), differs in DIFFERS.items()
    )
}
    ORDER BY 2, 3, 4 ON CONFLICT DO NOTHING
"""
REPORT = """
    SELECT report(%(queue)s, %(entries_added)s, %(backlog)s, %(oldest_ms)s, %(intake_open)s,
        %(node)s, %(knew)s, %(confirmed)s)
"""


class Store:
    """One connection, for one queue. Every method may raise psycopg2.Error; then connect anew."""

    def __init__(self, connection: Any, queue: UUID) -> None:
        self._connection = connection
        self._queue = str(queue)
        self._execute(STAGING)
        # The queue is known here before it is ever opened: an audit never misses one.
        register = "INSERT INTO queues (queue) VALUES (%(queue)s) ON CONFLICT DO NOTHING"
        self._execute(register, queue=self._queue)

    @classmethod
    def connect(cls, config: Config, queue: UUID) -> "Store":
        return cls(connect(config.store, f"worker {config.node}", SECONDS), queue)

    def close(self) -> None:
        self._connection.close()

    def choices(self) -> list[str]:
        """The keys that a ballot may name."""
        return [key for (key,) in self._execute("SELECT key FROM choices")]

    def poll_id(self) -> str | None:
        """The id that a ballot has to name; None in a store that was given no poll file yet."""
        found: str | None = self._execute("SELECT id FROM poll")[0][0]
        return found

    def intake_state(self) -> str:
        """`waiting`, `open` or `closed`, as the poll is by now; or `retired`, as this queue is.

        What is due is due by this machine's clock and by the store's: one alone may be wrong.
        """
        ask = "SELECT intake_state(%(queue)s, %(now)s)"
        state: str = self._execute(ask, queue=self._queue, now=datetime.now(UTC))[0][0]
        return state

    def may_open(self) -> bool:
        """Note that the queue is about to take votes; False where the poll is not open."""
        return bool(self._execute("SELECT may_open(%(queue)s)", queue=self._queue)[0][0])

    def merge(self, batch: Batch) -> None:
        """Store a batch in one transaction; on return it is on disk, and counted once."""
        keep_new = False
        while True:
            try:
                return self._merge(batch, keep_new)
            except UniqueViolation:
                # Some of it was delivered before, and somebody has stored it. That is rare, and is
                # looked for only now: ON CONFLICT would cost each ballot a fifth more. Whoever
                # comes in between has stored something, so this ends.
                self._execute("ROLLBACK")
                keep_new = True

    def _merge(self, batch: Batch, keep_new: bool) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.copy_expert("COPY incoming FROM STDIN", BytesIO(batch.accepted), size=1 << 20)
            if batch.rejected:
                execute_values(cursor, "INSERT INTO malformed VALUES %s", batch.rejected)
            queue = {"queue": self._queue}
            if keep_new:
                cursor.execute(COLLIDE, queue)
                if cursor.rowcount:
                    log.error("%d entries have the ids of others", cursor.rowcount)
                cursor.execute(KEEP_NEW, queue)
            cursor.execute(MERGE, queue)

    def report(
        self, figures: Figures, *, intake_open: bool, node: str, knew: str, confirmed: bool = False
    ) -> int:
        """Report the queue's figures; the most entries it was ever said to be given.

        `knew` is what `intake_state` said before the look. Where the answer is more than
        `figures` have, either somebody has looked later, or the queue has lost entries: that is
        decided by looking again, and `confirmed`.
        """
        most: int = self._execute(
            REPORT, queue=self._queue, intake_open=intake_open, node=node, knew=knew,
            confirmed=confirmed, **figures._asdict(),
        )[0][0]  # fmt: skip
        return most

    def _execute(self, statement: str, **parameters: object) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []
