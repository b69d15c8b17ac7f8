"""Reading the ledger, as the role `auditor`: it may read all, and add a certificate."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2

from poll import digest
from poll.audit import Audit, Choice, Queue, Rejected

ROLE = "-c role=auditor"

POLL = """
    SELECT id, title, question, state, opened_at, closes_at, closed_at,
        min(cast_us), max(cast_us), min(stored_at), max(stored_at)
    FROM poll LEFT JOIN ballots ON true GROUP BY one
"""
# A queue that never took votes is no part of the poll: new nodes come after it is closed, too.
QUEUES = """
    SELECT queue, a.node, a.seen_at, queues.ended, a.entries_added, a.waiting, a.ballots,
        a.rejected, a.missing, queues.shortfall,
        (SELECT count(*) FROM collisions WHERE collisions.queue = a.queue)
    FROM audit_queues AS a LEFT JOIN queues USING (queue)
    WHERE queues.opened IS NOT FALSE OR a.entries_added > 0 OR a.ballots + a.rejected > 0
    ORDER BY a.node, queue
"""
CHOICES = """
    SELECT choice, coalesce(text, choice), ledger, votes, tally, changed, repeated
    FROM audit_choices LEFT JOIN choices ON key = choice ORDER BY position, choice
"""
REJECTED = """
    SELECT queue, reason, own, count(*) FROM rejected
    GROUP BY queue, reason, own ORDER BY queue, reason, own
"""


class Ledger:
    """The store as of one moment, until something is kept."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)

    def audit(self) -> Audit:
        """Everything but the digest. Reads the whole ledger, in the database."""
        [poll] = self._rows(POLL)
        queues = tuple(Queue(*row) for row in self._rows(QUEUES))
        choices = tuple(Choice(*row) for row in self._rows(CHOICES))
        rejected = tuple(Rejected(*row) for row in self._rows(REJECTED))
        return Audit(queues, choices, rejected, *poll)

    def digest(self, version: int) -> str:
        """SHA-256 over the digest.STATEMENTS of a certificate's version, in hexadecimal.

        The ledger passes through, row by row.
        """
        sha256 = hashlib.sha256()
        with self._connection.cursor() as cursor:
            for statement in digest.STATEMENTS[version]:
                cursor.copy_expert(statement, _Sink(sha256.update))
        return sha256.hexdigest()

    def kept(self) -> str | None:
        """The JSON of the certificate that is stored."""
        rows = self._rows("SELECT json FROM certificate")
        return rows[0][0] if rows else None

    def keep(self, json: str, html: str) -> str:
        """Store the certificate, unless one is stored; returns the JSON of the one that is."""
        self._connection.rollback()
        self._connection.set_session(readonly=False)
        with self._connection, self._connection.cursor() as cursor:
            keep = "INSERT INTO certificate (json, html) VALUES (%s, %s) ON CONFLICT DO NOTHING"
            cursor.execute(keep, (json, html))
        kept = self.kept()
        assert kept is not None
        return kept

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(statement)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows


class _Sink:
    """A file for COPY to write to."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self.write = write


@contextmanager
def connect() -> Iterator[Ledger]:
    """The ledger, by libpq's PG* variables. Raises psycopg2.Error."""
    with closing(psycopg2.connect(options=f"{ROLE} {digest.OPTIONS}")) as connection:
        yield Ledger(connection)
