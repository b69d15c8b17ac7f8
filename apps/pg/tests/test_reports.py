"""What workers tell of the queues: the most counts, and an end stays an end."""

from functools import partial
from uuid import UUID, uuid4

import pytest
from testing.postgres_server import PostgresServer

from .conftest import report as report_closed

# Of a queue that takes votes, unless a test says otherwise.
report = partial(report_closed, is_open=True, knew="open")


def figures(postgres: PostgresServer) -> tuple[int, int, int, bool, bool]:
    """Of the only queue: entries_added, waiting, shortfall, intake_open, ended."""
    columns = "entries_added, waiting, shortfall, intake_open, ended"
    [row] = postgres.query(f"SELECT {columns} FROM queues")
    return row


@pytest.fixture
def queue(postgres: PostgresServer) -> UUID:
    """A queue that takes votes."""
    queue = uuid4()
    postgres.query("INSERT INTO queues (queue) VALUES (%s)", queue)
    assert postgres.query("SELECT may_open(%s)", queue) == [(True,)]
    return queue


def test_what_was_reported_is_never_lowered(postgres: PostgresServer, queue: UUID) -> None:
    assert report(postgres, queue, 10, left_over=4) == 10
    # Of an older look, or of a queue that has lost something: look again.
    assert report(postgres, queue, 7, left_over=7) == 10
    assert figures(postgres) == (10, 4, 0, True, False)
    assert report(postgres, queue, 7, left_over=7, confirmed=True) == 10
    assert figures(postgres) == (10, 7, 3, True, False)
    assert report(postgres, queue, 9, confirmed=True) == 10
    assert report(postgres, queue, 12) == 12
    assert figures(postgres) == (12, 0, 3, True, False)


def test_a_queue_ends_where_it_is_seen_closed_by_who_knew_before(
    postgres: PostgresServer, queue: UUID
) -> None:
    for knew, is_open in (("waiting", False), ("open", False), ("closed", True), ("open", True)):
        report(postgres, queue, 3, is_open=is_open, knew=knew)
        assert not figures(postgres)[-1]
        assert postgres.query("SELECT queue FROM draining") == [(queue,)]
    # At once, also within the second in which others have reported.
    report(postgres, queue, 3, left_over=1, is_open=False, knew="closed", later=False)
    assert figures(postgres) == (3, 1, 0, False, True)
    assert postgres.query("SELECT waiting FROM draining") == [(1,)]
    report(postgres, queue, 3, is_open=False, knew="closed")
    assert postgres.query("SELECT queue FROM draining") == []


@pytest.mark.parametrize("confirmed", [False, True])
@pytest.mark.parametrize("knew", ["open", "closed", "retired"])
def test_a_late_report_does_not_unmake_the_end(
    postgres: PostgresServer, queue: UUID, knew: str, confirmed: bool
) -> None:
    report(postgres, queue, 3, is_open=False, knew="retired")
    assert report(postgres, queue, 3, left_over=2, knew=knew, confirmed=confirmed) == 3
    assert report(postgres, queue, 2, left_over=1, knew=knew) == 3
    assert figures(postgres) == (3, 0, 0, False, True)


def test_a_queue_that_has_more_after_its_end_has_not_ended(
    postgres: PostgresServer, queue: UUID
) -> None:
    report(postgres, queue, 3, is_open=False, knew="closed")
    assert report(postgres, queue, 5, left_over=2, knew="closed") == 5
    assert figures(postgres) == (5, 2, 0, True, False)
    report(postgres, queue, 5, is_open=False, knew="closed")
    assert figures(postgres) == (5, 0, 0, False, True)


def test_a_second_has_one_report_and_the_future_none(postgres: PostgresServer, queue: UUID) -> None:
    report(postgres, queue, 1)
    report(postgres, queue, 2, later=False)
    assert figures(postgres)[0] == 1
    postgres.query("UPDATE queues SET seen_at = now() + interval '1 hour'")
    report(postgres, queue, 2, later=False)
    assert figures(postgres)[0] == 2
    assert postgres.query("SELECT seen_at <= now() FROM queues") == [(True,)]


def test_figures_are_of_the_look_and_not_of_the_report(
    postgres: PostgresServer, queue: UUID
) -> None:
    """Votes that came in between were not waiting then: whoever asks must not take them for it."""
    before = postgres.query("SELECT clock_timestamp()")[0][0]
    report(postgres, queue, 3, age=2)
    seen = "SELECT waiting, seen_at < %s FROM lag"
    assert postgres.query(seen, before) == [(0, True)]
    report(postgres, queue, 5, left_over=2)
    assert postgres.query(seen, before) == [(2, False)]


def test_an_unknown_queue_is_not_made_by_a_report(postgres: PostgresServer) -> None:
    assert report(postgres, uuid4(), 3) is None
    assert postgres.query("SELECT * FROM queues") == []
