"""What is asked, and opening and closing: once each, by hand or as the poll file says."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from testing.postgres_server import EMPTY, POLL, PostgresServer

from .conftest import ask

Describe = Callable[..., None]


def state(postgres: PostgresServer) -> str:
    text: str = postgres.query("SELECT state FROM poll")[0][0]
    return text


@pytest.fixture
def describe(postgres: PostgresServer) -> Iterator[Describe]:
    """A function that loads a changed poll file as a start does, on a poll that still waits."""
    postgres.query("UPDATE poll SET state = 'waiting', opened_at = NULL")

    def prepare(**changes: object) -> None:
        postgres.poll_file.write_text(json.dumps(POLL | changes))
        postgres.execute("python3", "load_poll.py").check_returncode()

    yield prepare
    postgres.query(EMPTY)
    postgres.query("UPDATE poll SET state = 'waiting', opened_at = NULL, id = NULL")
    prepare()
    postgres.query("DELETE FROM tally WHERE choice NOT IN ('a', 'b', 'test')")
    postgres.query("DELETE FROM choices WHERE key NOT IN ('a', 'b', 'test')")


def refusal(postgres: PostgresServer, **changes: object) -> str:
    """What is said to a changed poll file; nothing is changed by it."""
    before = postgres.query("SELECT * FROM poll, choices ORDER BY key")
    postgres.poll_file.write_text(json.dumps(POLL | changes))
    loaded = postgres.execute("python3", "load_poll.py")
    assert (loaded.returncode, loaded.stdout) == (1, "")
    assert postgres.query("SELECT * FROM poll, choices ORDER BY key") == before
    return loaded.stderr.strip()


def choices(**texts: str) -> list[dict[str, str]]:
    return [{"key": key, "text": text} for key, text in texts.items()]


def worker_asks(postgres: PostgresServer, clock: timedelta = timedelta()) -> str:
    """The state that a worker is told whose clock is off by `clock`."""
    connection = postgres.connect("worker")
    with connection.cursor() as cursor:
        asked_at = datetime.now(UTC) + clock
        ask = "SELECT state FROM intake_states(%s::uuid[], %s)"
        cursor.execute(ask, ([str(uuid4())], asked_at))
        answer: str = cursor.fetchone()[0]
    connection.close()
    return answer


def test_a_poll_without_times_opens_as_soon_as_a_worker_asks(
    postgres: PostgresServer, describe: Describe
) -> None:
    describe()
    assert state(postgres) == "waiting"
    assert worker_asks(postgres) == "open"
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
        "The poll is not opened: it was to close on 2026-01-01 at 19:00:00 UTC (closes_at), and by "
        "the store's clock that is over.",
    )
    assert state(postgres) == "waiting"


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("store", "worker", "due"),
    [(HOUR, HOUR, True), (HOUR, -HOUR, False), (-HOUR, HOUR, False), (-HOUR, -HOUR, False)],
)
def test_two_clocks_open_and_close_and_not_one(
    postgres: PostgresServer, describe: Describe, store: timedelta, worker: timedelta, due: bool
) -> None:
    """`store` and `worker` are how far their clocks are past the time."""
    describe(opens_at="infinity", closes_at="2126-01-01T00:00:00Z")
    for column, before, after in (
        ("opens_at", "waiting", "open"),
        ("closes_at", "open", "closed"),
    ):
        postgres.query(f"UPDATE poll SET {column} = now() - %s", store)
        assert worker_asks(postgres, worker - store) == (after if due else before)
        if not due:
            assert state(postgres) == before
            postgres.query("UPDATE poll SET opens_at = NULL, state = 'open', opened_at = now()")


def test_neither_a_start_nor_a_verb_closes_by_the_store_s_clock_alone(
    postgres: PostgresServer, describe: Describe
) -> None:
    describe()
    postgres.query("UPDATE poll SET state = 'open', opened_at = now()")
    describe(closes_at="2026-01-01T00:00:00Z")
    assert ask(postgres, "open") == (0, "The poll is open already.")
    assert state(postgres) == "open"
    assert ask(postgres, "close") == (0, "The poll is closed.")


@pytest.mark.parametrize("time", ["2126-01-01T00:00:00", "2126-01-01", "tomorrow"])
@pytest.mark.parametrize("name", ["opens_at", "closes_at"])
def test_a_time_without_a_zone_is_refused(
    postgres: PostgresServer, describe: Describe, name: str, time: str
) -> None:
    describe(opens_at="infinity")
    assert refusal(postgres, **{name: time}) == (
        f"load_poll: {name} is {time}, and has to be a time with its zone, such as "
        "2026-12-01T20:00:00Z."
    )


@pytest.mark.parametrize("poll_state", ["waiting", "open", "closed"])
def test_a_store_is_of_one_poll(
    postgres: PostgresServer, describe: Describe, poll_state: str
) -> None:
    describe()
    postgres.query(
        "UPDATE poll SET state = %s, opened_at = CASE WHEN %s <> 'waiting' THEN now() END,"
        " closed_at = CASE WHEN %s = 'closed' THEN now() END",
        *[poll_state] * 3,
    )
    assert postgres.query("SELECT id FROM poll") == [("pets",)]
    assert refusal(postgres, id="drinks") == (
        "load_poll: This store belongs to the poll pets, and the poll file is of the poll drinks: "
        "another poll needs an empty store."
    )
    assert refusal(postgres, id="") == "load_poll: The poll file names no id."


def test_a_store_of_version_1_takes_the_id_of_the_poll_file_also_where_it_is_closed(
    postgres: PostgresServer, describe: Describe
) -> None:
    describe()
    postgres.query(
        "UPDATE poll SET id = NULL, state = 'closed', opened_at = now(), closed_at = now()"
    )
    describe(title="Another")
    assert postgres.query("SELECT id, title FROM poll") == [("pets", "Cats or dogs?")]


@pytest.mark.parametrize("reworded", [False, True])
@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        (
            {"a": "Dogs", "b": "Cats"},
            'the choice a was "Cats" and is to be "Dogs", which is what b was',
        ),
        (
            {"a": "Cats", "b": "Cats"},
            'the choice b was "Dogs" and is to be "Cats", which is what a was',
        ),
        (
            {"a": "Cats", "c": "Dogs"},
            'the choice c was no choice and is to be "Dogs", which is what b was',
        ),
    ],
)
def test_swapped_texts_are_refused_once_votes_may_be_there(
    postgres: PostgresServer,
    describe: Describe,
    texts: dict[str, str],
    sentence: str,
    reworded: bool,
) -> None:
    describe()
    assert worker_asks(postgres) == "open"
    said = refusal(postgres, choices=choices(**texts), choices_reworded=reworded)
    assert said == (
        f"load_poll: The poll has been opened, and {sentence}: votes would count for what nobody "
        "chose. Give each key its text back."
    )


def test_another_text_needs_a_word_that_it_means_the_same(
    postgres: PostgresServer, describe: Describe
) -> None:
    describe()
    assert worker_asks(postgres) == "open"
    birds = choices(a="Birds", b="Dogs")
    assert refusal(postgres, choices=birds) == (
        'load_poll: The poll has been opened, and the choice a was "Cats" and is to be "Birds": '
        "give it its text back, or, for another choice, a key of its own; where both texts mean "
        "the same, set choices_reworded to true."
    )
    describe(choices=birds, choices_reworded=True)
    assert postgres.query("SELECT text FROM choices WHERE key = 'a'") == [("Birds",)]
    # No more to be said of it at the next start.
    describe(choices=birds)


def german(**texts: str) -> dict[str, Any]:
    return {"de": {"title": "Katzen?", "question": "Was?", "choices": texts}}


def test_texts_of_a_translation_keep_their_keys_too(
    postgres: PostgresServer, describe: Describe
) -> None:
    describe(translations=german(a="Katzen", b="Hunde"))
    describe(translations=german(a="Hunde", b="Katzen"))
    assert worker_asks(postgres) == "open"
    # A translation that is left out for a while is not forgotten.
    describe()
    swapped, birds = german(a="Katzen", b="Hunde"), german(a="Vögel", b="Katzen")
    assert refusal(postgres, translations=swapped, choices_reworded=True) == (
        'load_poll: The poll has been opened, and the choice a was "Hunde" in de and is to be '
        '"Katzen", which is what b was: votes would count for what nobody chose. Give each key its '
        "text back."
    )
    assert 'the choice a was "Hunde" in de' in refusal(postgres, translations=birds)
    describe(translations=birds, choices_reworded=True)
    describe(translations=birds | {"ar": german(a="كلاب", b="قطط")["de"]})


def test_a_key_that_left_the_file_is_not_used_again_for_something_else(
    postgres: PostgresServer, describe: Describe
) -> None:
    describe()
    assert worker_asks(postgres) == "open"
    describe(choices=choices(a="Cats"))
    assert 'the choice b was "Dogs"' in refusal(postgres, choices=choices(a="Cats", b="Bees"))
    describe(choices=choices(a="Cats", b="Dogs", c="Bees"))


def test_texts_are_free_while_nobody_can_have_voted(
    postgres: PostgresServer, describe: Describe
) -> None:
    describe()
    describe(choices=choices(a="Dogs", b="Cats"))
    assert postgres.query("SELECT text FROM choices WHERE key = 'a'") == [("Dogs",)]


def test_a_closed_poll_stays_closed_and_as_it_was(
    postgres: PostgresServer, describe: Describe
) -> None:
    describe()
    assert ask(postgres, "open") == (0, "The poll is open.")
    assert ask(postgres, "close") == (0, "The poll is closed.")
    before = postgres.query("SELECT * FROM poll, choices")
    code, said = ask(postgres, "open")
    assert code == 1
    assert "stays closed" in said
    describe(title="Tea or coffee?", closes_at="2126-01-01T00:00:00Z", choices=POLL["choices"][:1])
    assert postgres.query("SELECT * FROM poll, choices") == before


def test_a_queue_is_retired_only_while_another_takes_votes(
    postgres: PostgresServer, describe: Describe
) -> None:
    describe()
    assert worker_asks(postgres) == "open"
    first, second = (str(uuid4()) for _ in "ab")
    assert ask(postgres, "retire", first) == (1, f"No worker has reported the queue {first} yet.")
    for queue in (first, second):
        postgres.query("INSERT INTO queues (queue) VALUES (%s)", queue)
        assert postgres.query("SELECT may_open(%s)", queue) == [(True,)]
    assert ask(postgres, "retire", first) == (0, "The queue is retired.")
    assert ask(postgres, "retire", first)[1].startswith("The queue is retired already: 2")
    assert postgres.query("SELECT may_open(%s)", first) == [(False,)]
    assert ask(postgres, "retire", second) == (
        1,
        "No other queue takes votes now: the poll could not go on.",
    )
    assert ask(postgres, "drained", first)[1].startswith("Queues that are not drained: 1.")
