"""Opening, closing and retiring, as the owner of the database; each answers with a sentence."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg2

from poll.problem import Problem

# A poll whose time is over would close in the same moment, for good.
OPEN = """
    UPDATE poll SET state = 'open', opened_at = now()
    WHERE state = 'waiting' AND (closes_at > now()) IS NOT FALSE
"""
CLOSE = "UPDATE poll SET state = 'closed', closed_at = now() WHERE state = 'open'"
# Two that are retired at once come one after the other: the second sees the first.
LOCK = "LOCK TABLE queues IN SHARE ROW EXCLUSIVE MODE"
RETIRE = """
    UPDATE queues SET retired_at = now() WHERE queue = %(queue)s AND (
        EXISTS (SELECT FROM queues WHERE queue <> %(queue)s AND intake_open AND retired_at IS NULL
            AND seen_at > now() - interval '30 seconds')
        OR EXISTS (SELECT FROM poll WHERE state <> 'open'))
"""
DRAINING = """
    SELECT count(*), coalesce(sum(waiting), 0) FROM draining
    WHERE %(queue)s IS NULL OR queue::text = %(queue)s
"""


def open_poll() -> str:
    """Raises Problem for a poll that is closed, or should be by now."""
    changed, state, closes_at, closed_at = _act(OPEN)
    if state == "closed":
        raise Problem(
            f"The poll was closed on {moment(closed_at)} and stays closed: its certificate may be "
            "out. Another poll needs an empty store."
        )
    if state == "waiting":
        raise Problem(
            f"The poll is not opened: it was to close on {moment(closes_at)} (closes_at), and by "
            "the store's clock that is over."
        )
    return "The poll is open." if changed else "The poll is open already."


def close_poll() -> str:
    """Raises Problem for a poll that was never open."""
    changed, state, _, closed_at = _act(CLOSE)
    if state == "waiting":
        raise Problem("The poll has not been opened yet, so there is nothing to close.")
    return "The poll is closed." if changed else f"The poll is closed already: {moment(closed_at)}."


def retire(queue: str) -> str:
    """Raises Problem for a queue that is unknown, or the last one that takes votes."""
    with _cursor() as cursor:
        cursor.execute(LOCK)
        cursor.execute("SELECT retired_at FROM queues WHERE queue::text = %s", (queue,))
        known = cursor.fetchone()
        if known is None:
            raise Problem(f"No worker has reported the queue {queue} yet.")
        if known[0] is not None:
            return f"The queue is retired already: {moment(known[0])}."
        cursor.execute(RETIRE, {"queue": queue})
        if not cursor.rowcount:
            raise Problem("No other queue takes votes now: the poll could not go on.")
    return "The queue is retired."


def drained(queue: str | None = None) -> str:
    """Raises Problem as long as it, or else any, may hold votes that are not in the store."""
    with _cursor() as cursor:
        cursor.execute(DRAINING, {"queue": queue})
        queues, waiting = cursor.fetchone()
    if queues:
        raise Problem(f"Queues that are not drained: {queues}. Backlog: {waiting:,} ballots.")
    return "The queue is closed and empty." if queue else "Every queue is closed and empty."


def moment(time: datetime) -> str:
    """A time as people read it, in UTC."""
    return time.astimezone(UTC).strftime("%Y-%m-%d at %H:%M:%S UTC")


def _act(statement: str) -> tuple[bool, str, Any, Any]:
    """Whether the statement changed the poll; then its state, closes_at and closed_at."""
    with _cursor() as cursor:
        cursor.execute(statement)
        changed = cursor.rowcount == 1
        cursor.execute("SELECT state, closes_at, closed_at FROM poll")
        return changed, *cursor.fetchone()


@contextmanager
def _cursor() -> Iterator[Any]:
    with closing(psycopg2.connect("")) as connection, connection, connection.cursor() as cursor:
        yield cursor
