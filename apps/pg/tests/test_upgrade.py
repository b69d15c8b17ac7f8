"""A store of version 1.0.0, with all that was in it, becomes one of this version."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import UUID, uuid4

import pytest
from testing.postgres_server import PostgresServer

from .conftest import ask

OURS = ["voter", "x", "choice", "nobody", "cast", "1"]
OLD_ROWS = """
    UPDATE poll SET title = 'Cats or dogs?', state = 'open', opened_at = now() - interval '1 hour';
    INSERT INTO choices VALUES ('a', 'Cats', 1), ('b', 'Dogs', 2);
    INSERT INTO queues (queue, node, opened, entries_added, intake_open, seen_at) VALUES
        (%(ended)s, 'frontend01', true, 5, false, now()),
        (%(retired)s, 'frontend02', true, 1, false, now()),
        (%(open)s, 'frontend03', true, 1, true, now()),
        (%(away)s, 'frontend04', true, 1, false, now() - interval '10 minutes');
    UPDATE queues SET retired_at = now() - interval '5 minutes' WHERE queue = %(retired)s;
    INSERT INTO ballots SELECT queue, 1, 1, gen_random_uuid(), 'a', 1790000000000000 FROM queues;
    INSERT INTO ballots SELECT queue, 1, 2, voter, 'b', 1790000000000001 FROM ballots
        WHERE queue = %(ended)s;
    INSERT INTO rejected VALUES
        (%(ended)s, 2, 1, 'deleted', NULL),
        (%(ended)s, 2, 2, 'no such choice', %(ours)s::bytea[]),
        (%(ended)s, 2, 3, 'other fields', %(foreign)s::bytea[]);
"""
CLOSE = "UPDATE poll SET state = 'closed', closed_at = now() - interval '1 minute'"
NAMES = ("ended", "retired", "open", "away")


BEGIN_ANEW = """
    DROP SCHEMA public CASCADE;
    CREATE SCHEMA public AUTHORIZATION pg_database_owner;
    GRANT USAGE ON SCHEMA public TO PUBLIC;
"""


class OldStore:
    """The tests' store as it was in version 1.0.0, with an open poll, four queues, and votes."""

    def __init__(self, postgres: PostgresServer) -> None:
        self.queues = {name: uuid4() for name in NAMES}
        self.postgres = postgres
        self.begin_anew()
        self.migrate("0010")
        self.query(OLD_ROWS, self.queues | {"ours": OURS, "foreign": ["voter", "x"]})

    def begin_anew(self) -> None:
        with closing(self.postgres.connect("postgres")) as superuser:
            superuser.cursor().execute(BEGIN_ANEW)

    def migrate(self, version: str) -> None:
        done = self.postgres.execute("python3", "-m", "alembic", "upgrade", version)
        assert done.returncode == 0, done.stderr

    def query(self, statement: str, values: object = None, *, role: str = "landslide") -> Any:
        with closing(self.postgres.connect(role)) as connection:
            cursor = connection.cursor()
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def names(self, statement: str) -> set[str]:
        """Which of the queues a statement finds."""
        found: set[UUID] = {queue for (queue,) in self.query(statement)}
        return {name for name, queue in self.queues.items() if queue in found}


@pytest.fixture
def old(postgres: PostgresServer) -> Iterator[OldStore]:
    store = OldStore(postgres)
    yield store
    store.begin_anew()
    postgres.prepare()


def test_a_store_of_an_open_poll_goes_on(old: OldStore) -> None:
    before = old.query("SELECT * FROM ballots ORDER BY 1, 2, 3")
    old.migrate("head")
    nothing = (None,) * 5
    assert old.query("SELECT * FROM ballots ORDER BY 1, 2, 3") == [
        (*row, *nothing) for row in before
    ]
    assert old.query("SELECT reason FROM rejected WHERE own ORDER BY 1") == [
        ("deleted",),
        ("no such choice",),
    ]
    # Only one that was told to take no more has ended.
    assert old.names("SELECT queue FROM queues WHERE ended") == {"retired"}
    assert old.names("SELECT queue FROM draining") == {"ended", "open", "away"}
    assert old.query("SELECT sum(shortfall), sum(entries_added) FROM queues") == [(0, 8)]
    # A worker of this version finds its way, and an old entry is counted as it was.
    state = "SELECT state FROM intake_states(ARRAY[%s::uuid], now())"
    assert old.query(state, (old.queues["open"],), role="worker") == [("open",)]
    assert old.query(state, (old.queues["retired"],), role="worker") == [("retired",)]
    ballot = "INSERT INTO ballots (queue, entry_ms, entry_seq, voter, choice, cast_us) VALUES "
    old.query(f"{ballot} (%s, 9, 9, %s, 'b', 5)", (old.queues["open"], uuid4()), role="worker")
    assert old.query("SELECT votes FROM tally WHERE choice = 'b'") == [(2,)]


def test_a_store_of_a_closed_poll_can_be_certified(old: OldStore) -> None:
    old.query(CLOSE)
    old.migrate("head")
    assert old.names("SELECT queue FROM draining") == {"open", "away"}
    for name in ("open", "away"):
        told = "SELECT report(%s, 1, 0, NULL, false, '', 'closed', false, 0)"
        old.query("UPDATE queues SET seen_at = now() - interval '1 minute'")
        assert old.query(told, (old.queues[name],), role="worker") == [(1,)]
    assert ask(old.postgres, "drained")[0] == 0
    code, said = ask(old.postgres, "certify")
    assert code == 1
    assert "gave 1 entries that look like our frontends' own and were rejected" in said
    assert "no such choice" in said and "deleted" in said and "other fields" not in said
    old.query("UPDATE rejected SET own = false")
    code, said = ask(old.postgres, "certify")
    assert code == 0, said
    assert '"voters": 4' in said and '"changed_votes": 1' in said
