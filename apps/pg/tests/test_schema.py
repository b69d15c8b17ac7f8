"""The schema: the tally is exact whoever writes, and a role can do its work and no more."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import psycopg2
import psycopg2.errors
import pytest
from testing.internal_tls import directory_of
from testing.postgres_server import PASSWORDS, PostgresServer
from testing.waiting import wait_until

VOTERS = [UUID(int=number) for number in range(4)]
UPSERT = """
    INSERT INTO votes SELECT voter, choice, 1, %s, 1, 1
    FROM unnest(%s::uuid[], %s) AS v (voter, choice)
    ON CONFLICT (voter) DO UPDATE SET choice = EXCLUDED.choice
"""


def tally(postgres: PostgresServer) -> dict[str, int]:
    return dict(postgres.query("SELECT choice, votes FROM tally"))


def vote(postgres: PostgresServer, voters: list[UUID], choices: list[str]) -> None:
    postgres.query(UPSERT, uuid4(), voters, choices)


def test_one_statement_that_adds_and_changes_votes_keeps_the_tally_exact(
    postgres: PostgresServer,
) -> None:
    vote(postgres, VOTERS[:3], ["a", "a", "b"])
    assert tally(postgres) == {"a": 2, "b": 1, "test": 0}
    vote(postgres, VOTERS, ["b", "a", "a", "test"])
    assert tally(postgres) == {"a": 2, "b": 1, "test": 1}
    postgres.query("DELETE FROM votes WHERE voter = %s", VOTERS[0])
    assert tally(postgres) == {"a": 2, "b": 0, "test": 1}


BALLOT = "INSERT INTO ballots VALUES (%s, 1, %s, %s, %s, %s)"
REJECTED = "INSERT INTO rejected VALUES (%s, 1, %s, 'why', NULL)"


def test_a_ballot_counts_whoever_adds_it_to_the_ledger(postgres: PostgresServer) -> None:
    queue, voter = uuid4(), uuid4()
    for seq, (choice, cast) in enumerate([("a", 5), ("b", 7), ("a", 6)]):
        postgres.query(BALLOT, queue, seq, voter, choice, cast)
    assert postgres.query("SELECT choice, cast_us, entry_seq FROM votes") == [("b", 7, 1)]
    assert tally(postgres) == {"a": 0, "b": 1, "test": 0}


def test_an_entry_is_a_ballot_or_rejected_and_stored_once(postgres: PostgresServer) -> None:
    queue = uuid4()
    postgres.query(BALLOT, queue, 1, uuid4(), "a", 1)
    postgres.query(REJECTED, queue, 2)
    for statement, values in (
        (BALLOT, (queue, 1, uuid4(), "a", 1)),
        (BALLOT, (queue, 2, uuid4(), "a", 1)),
        (REJECTED, (queue, 1)),
        (REJECTED, (queue, 2)),
    ):
        with pytest.raises(psycopg2.errors.UniqueViolation):
            postgres.query(statement, *values)
    assert tally(postgres) == {"a": 1, "b": 0, "test": 0}


def test_a_vote_for_no_choice_is_refused_whole(postgres: PostgresServer) -> None:
    with pytest.raises(psycopg2.errors.ForeignKeyViolation):
        vote(postgres, VOTERS[:2], ["a", "nobody"])
    assert tally(postgres) == {"a": 0, "b": 0, "test": 0}
    assert postgres.query("SELECT * FROM votes") == []


def test_transactions_that_count_choices_in_opposite_orders_do_not_wait_in_a_circle(
    postgres: PostgresServer,
) -> None:
    one_vote = "INSERT INTO votes VALUES (gen_random_uuid(), %s, 1, gen_random_uuid(), 1, 1)"
    first, second = postgres.connect(), postgres.connect()
    with ThreadPoolExecutor(1) as thread, first.cursor() as here, second.cursor() as there:
        here.execute(f"BEGIN; {one_vote}", ["b"])
        both = thread.submit(there.execute, f"BEGIN; {one_vote}; {one_vote}; COMMIT", ["a", "b"])
        wait_until(lambda: postgres.query("SELECT 1 FROM pg_locks WHERE NOT granted"))
        here.execute(f"{one_vote}; COMMIT", ["a"])
        both.result(20)
    first.close()
    second.close()
    assert tally(postgres) == {"a": 2, "b": 2, "test": 0}


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("worker", "UPDATE ballots SET choice = 'b'"),
        ("worker", "DELETE FROM ballots"),
        ("worker", "TRUNCATE ballots"),
        ("worker", "DELETE FROM rejected"),
        ("worker", "INSERT INTO votes SELECT voter, 'a', 1, queue, 1, 1 FROM ballots"),
        ("worker", "UPDATE votes SET choice = 'b'"),
        ("worker", "DELETE FROM votes"),
        ("worker", "UPDATE tally SET votes = 9"),
        ("worker", "UPDATE poll SET state = 'closed', closed_at = now()"),
        ("worker", "INSERT INTO choices VALUES ('c', 'Cows', 3)"),
        ("worker", "UPDATE deliveries SET ballots = 9"),
        ("worker", "UPDATE queues SET shortfall = 0, ended = true"),
        ("worker", "DELETE FROM collisions"),
        ("worker", "CREATE TABLE mine ()"),
        ("results", "SELECT poll_state(now())"),
        ("results", "SELECT * FROM ballots"),
        ("results", "SELECT * FROM votes"),
        ("results", "SELECT * FROM rejected"),
        ("overview", "SELECT poll_state(now())"),
        ("overview", "SELECT * FROM ballots"),
        ("overview", "SELECT * FROM votes"),
        ("overview", "SELECT * FROM rejected"),
    ],
)
def test_a_role_may_not(postgres: PostgresServer, role: str, statement: str) -> None:
    connection = postgres.connect(role)
    with connection.cursor() as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
        cursor.execute(statement)
    connection.close()


@pytest.mark.parametrize("role", ["results", "overview"])
def test_who_shows_cannot_write(postgres: PostgresServer, role: str) -> None:
    connection = postgres.connect(role)
    with connection.cursor() as cursor, pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
        cursor.execute("UPDATE tally SET votes = 9")
    connection.close()


@pytest.mark.parametrize("role", ["landslide", "postgres"])
def test_the_owner_does_not_exist_for_the_network(postgres: PostgresServer, role: str) -> None:
    with pytest.raises(psycopg2.OperationalError, match="no pg_hba"):
        connect(postgres, user=role)


def connect(postgres: PostgresServer, **options: Any) -> None:
    """As the worker by TCP, but for the `options`."""
    own = postgres.by_tcp("worker") | {"user": "worker", "dbname": "landslide"}
    psycopg2.connect(port=postgres.port, **(own | options)).close()


def test_a_wrong_password_is_refused(postgres: PostgresServer) -> None:
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        connect(postgres, password="guess")


def test_nobody_connects_without_tls_and_a_certificate_of_his_own(postgres: PostgresServer) -> None:
    with pytest.raises(psycopg2.OperationalError, match="no encryption"):
        connect(postgres, sslmode="disable")
    with pytest.raises(psycopg2.OperationalError, match="requires a valid client certificate"):
        connect(postgres, sslcert="/none", sslkey="/none")
    another = directory_of("worker", "another")
    certificate = {"sslcert": another / "internal_certificate", "sslkey": another / "internal_key"}
    with pytest.raises(psycopg2.OperationalError, match="unknown ca"):
        connect(postgres, **certificate)
    with pytest.raises(psycopg2.OperationalError, match="authentication failed"):
        # Postgres says so of a certificate with another's name, too.
        connect(postgres, user="results", password=PASSWORDS["results"])


def test_another_server_is_told_nothing(postgres: PostgresServer) -> None:
    with pytest.raises(psycopg2.OperationalError, match="certificate verify failed"):
        connect(postgres, sslrootcert=directory_of("pg", "another") / "internal_ca")


def test_commits_wait_for_the_disk(postgres: PostgresServer) -> None:
    for setting in ("synchronous_commit", "fsync", "full_page_writes"):
        assert postgres.query(f"SHOW {setting}") == [("on",)]


def test_preparing_again_changes_no_count_and_takes_a_new_password(
    postgres: PostgresServer,
) -> None:
    vote(postgres, VOTERS[:2], ["a", "b"])
    before = postgres.query("SELECT * FROM choices")
    original = postgres.password_file("worker").read_text()
    postgres.password_file("worker").write_text("it's \\new\n")
    postgres.prepare()
    try:
        connect(postgres, password="it's \\new")
    finally:
        postgres.password_file("worker").write_text(original)
        postgres.prepare()
    assert tally(postgres) == {"a": 1, "b": 1, "test": 0}
    assert postgres.query("SELECT * FROM choices") == before
    assert "new" not in postgres.log_path.read_text()


def test_the_log_shows_neither_ballots_nor_statements(postgres: PostgresServer) -> None:
    connection = postgres.connect("worker")
    with connection.cursor() as cursor, pytest.raises(psycopg2.errors.InvalidTextRepresentation):
        cursor.execute("INSERT INTO votes (voter) VALUES ('secret-voter')")
    connection.close()
    log = postgres.log_path.read_text()
    assert "INSERT INTO" not in log


def test_a_missing_entry_shows_in_the_audit(postgres: PostgresServer) -> None:
    queue = uuid4()
    postgres.query(
        "INSERT INTO queues (queue, node, entries_added, waiting) VALUES (%s, 'n', 5, 1)", queue
    )
    postgres.query("INSERT INTO ballots VALUES (%s, 1, 0, %s, 'a', 1)", queue, uuid4())
    postgres.query("INSERT INTO rejected VALUES (%s, 2, 0, 'why', NULL)", queue)
    columns = "ballots, rejected, waiting, missing"
    assert postgres.query(f"SELECT {columns} FROM audit_queues") == [(1, 1, 1, 2)]
    assert postgres.query("SELECT waiting FROM lag") == [(1,)]


def test_ballots_of_an_unknown_queue_show_in_the_audit(postgres: PostgresServer) -> None:
    postgres.query("INSERT INTO ballots VALUES (%s, 1, 0, %s, 'a', 1)", uuid4(), uuid4())
    assert postgres.query("SELECT node, ballots FROM audit_queues") == [(None, 1)]


def test_each_voter_is_in_the_minute_of_the_first_vote(postgres: PostgresServer) -> None:
    cast = "INSERT INTO votes VALUES (%s, %s, %s, gen_random_uuid(), 1, 1)"
    change = f"{cast} ON CONFLICT (voter) DO UPDATE SET choice = 'b', cast_us = EXCLUDED.cast_us"
    minute = postgres.query("SELECT extract(epoch FROM date_trunc('minute', now()))::bigint")[0][0]
    for number, (choice, seconds) in enumerate([("a", 0), ("b", 1), ("test", 1), ("a", -60)]):
        postgres.query(cast, VOTERS[number], choice, (minute + seconds) * 1_000_000)
    postgres.query(change, VOTERS[0], "b", (minute + 120) * 1_000_000)
    rows = postgres.query(
        "SELECT extract(epoch FROM minute)::bigint, votes FROM minutes ORDER BY 1"
    )
    assert rows == [(minute - 60, 1), (minute, 2)]
    [(late,)] = postgres.query("SELECT delay >= interval '1 minute' FROM minutes ORDER BY minute")[
        :1
    ]
    assert late


def test_a_clock_that_is_ahead_makes_no_negative_delay(postgres: PostgresServer) -> None:
    postgres.query(
        "INSERT INTO votes SELECT gen_random_uuid(), 'a', extract(epoch FROM now())::bigint"
        " * 1000000 + 3600000000, gen_random_uuid(), 1, 1"
    )
    assert postgres.query("SELECT votes, delay = '0' FROM minutes") == [(1, True)]


def test_whoever_certifies_can_read_what_it_takes(postgres: PostgresServer) -> None:
    connection = postgres.connect()
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE auditor")
        for table in ("poll", "choices", "queues", "ballots", "rejected", "collisions", "votes"):
            cursor.execute(f"SELECT * FROM {table}")
        for view in ("tally", "audit_queues", "audit_choices", "certificate"):
            cursor.execute(f"SELECT * FROM {view}")
    connection.close()
