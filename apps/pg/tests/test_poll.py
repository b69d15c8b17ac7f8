"""Opening and closing: once each, by hand or as the poll file says."""

import json
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from testing.postgres_server import EMPTY, POLL, PostgresServer

Describe = Callable[..., None]


def ask(postgres: PostgresServer, *command: str) -> tuple[int, str]:
    """The exit code of a poll command, and what it said."""
    done = postgres.execute("python3", "-m", "poll", *command)
    return done.returncode, done.stdout.strip() or done.stderr.strip()


def state(postgres: PostgresServer) -> str:
    text: str = postgres.query("SELECT state FROM poll")[0][0]
    return text


@pytest.fixture
def describe(postgres: PostgresServer) -> Iterator[Describe]:
    """A function that starts the store with a changed poll file, on a poll that still waits."""
    postgres.query("UPDATE poll SET state = 'waiting', opened_at = NULL")

    def prepare(**changes: object) -> None:
        postgres.poll_file.write_text(json.dumps(POLL | changes))
        postgres.prepare()

    yield prepare
    postgres.query(EMPTY)
    prepare()


def test_a_poll_without_times_opens_with_the_store(
    postgres: PostgresServer, describe: Describe
) -> None:
    describe()
    assert state(postgres) == "open"
    assert ask(postgres, "open") == (0, "The poll is open already.")


def test_a_poll_opens_by_hand_before_its_time(postgres: PostgresServer, describe: Describe) -> None:
    describe(opens_at="infinity")
    assert state(postgres) == "waiting"
    assert ask(postgres, "close") == (
        1,
        "The poll has not been opened yet, so there is nothing to close.",
    )
    assert ask(postgres, "open") == (0, "The poll is open.")
    # The store may be started again.
    describe(opens_at="infinity")
    assert state(postgres) == "open"


def test_a_poll_whose_time_is_over_is_not_opened_by_hand(
    postgres: PostgresServer, describe: Describe
) -> None:
    describe(opens_at="infinity", closes_at="2026-01-01T20:00:00+01:00")
    assert ask(postgres, "open") == (
        1,
        "The poll is not opened: it was to close on 2026-01-01 at 19:00:00 UTC (closes_at).",
    )
    assert state(postgres) == "waiting"


def test_the_clock_opens_and_closes_when_a_worker_asks(
    postgres: PostgresServer, describe: Describe
) -> None:
    describe(opens_at="infinity", closes_at="2126-01-01")
    worker = postgres.connect("worker")
    with worker.cursor() as cursor:
        for column, expected in (("opens_at", "open"), ("closes_at", "closed")):
            postgres.query(f"UPDATE poll SET {column} = now()")
            cursor.execute("SELECT poll_state()")
            assert cursor.fetchall() == [(expected,)]
    worker.close()


def test_a_closed_poll_stays_closed_and_as_it_was(
    postgres: PostgresServer, describe: Describe
) -> None:
    describe()
    assert ask(postgres, "close") == (0, "The poll is closed.")
    before = postgres.query("SELECT * FROM poll, choices")
    code, said = ask(postgres, "open")
    assert code == 1
    assert "stays closed" in said
    describe(title="Tea or coffee?", closes_at="2126-01-01", choices=POLL["choices"][:1])
    assert postgres.query("SELECT * FROM poll, choices") == before


def test_a_queue_is_retired_only_while_another_takes_votes(
    postgres: PostgresServer, describe: Describe
) -> None:
    describe()
    first, second = (str(uuid4()) for _ in "ab")
    assert ask(postgres, "retire", first) == (1, f"No worker has told of the queue {first} yet.")
    for queue in (first, second):
        postgres.query("INSERT INTO queues (queue) VALUES (%s)", queue)
        assert postgres.query("SELECT may_open(%s)", queue) == [(True,)]
    assert ask(postgres, "retire", first) == (0, "The queue is retired.")
    assert ask(postgres, "retire", first)[1].startswith("The queue is retired already: 2")
    assert postgres.query("SELECT may_open(%s)", first) == [(False,)]
    assert ask(postgres, "retire", second) == (
        1,
        "No other queue takes votes now: the poll would stand still.",
    )
    assert ask(postgres, "drained", first)[1].startswith("Queues that are not done: 1.")


@pytest.mark.parametrize("command", [[], ["retire"], ["open", "now"], ["nonsense"]])
def test_a_command_that_is_none_is_answered_with_what_there_is(
    postgres: PostgresServer, command: list[str]
) -> None:
    code, said = ask(postgres, *command)
    assert code == 2
    assert "retire QUEUE" in said
