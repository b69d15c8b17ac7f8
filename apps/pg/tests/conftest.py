"""A closed poll without a worker, and the commands that certify it."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from testing.postgres_server import PostgresServer

VOTERS = [UUID(int=number) for number in range(1, 4)]


def ask(postgres: PostgresServer, *command: str, stdin: str = "") -> tuple[int, str]:
    """The exit code of a poll command, and what it said."""
    done = postgres.execute("python3", "-m", "poll", *command, stdin=stdin)
    return done.returncode, done.stdout.strip() or done.stderr.strip()


def certify(postgres: PostgresServer) -> dict[str, Any]:
    code, said = ask(postgres, "certify")
    assert code == 0, said
    certificate: dict[str, Any] = json.loads(said)
    return certificate


BALLOT = """
    INSERT INTO ballots
        (queue, entry_ms, entry_seq, voter, choice, cast_us, flag, node, boot, seq, mac)
    VALUES (%s, 1790000000000, %s, %s, %s, %s, 0, 'frontend01', %s, %s, gen_random_uuid())
"""
REJECTED = """
    INSERT INTO rejected (queue, entry_ms, entry_seq, reason, own) VALUES (%s, 1, %s, %s, %s)
"""


def report(
    postgres: PostgresServer,
    queue: UUID,
    added: int,
    *,
    left_over: int = 0,
    is_open: bool = False,
    knew: str = "closed",
    confirmed: bool = False,
    later: bool = True,
    age: float = 0,
) -> int:
    """What a worker tells of a queue, and what it is answered; `later`: than what was told last.

    The look was `age` seconds ago.
    """
    if later:
        postgres.query("UPDATE queues SET seen_at = now() - interval '1 minute'")
    connection = postgres.connect("worker")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT report(%s, %s, %s, 5, %s, 'frontend01', %s, %s, %s)",
            (queue, added, left_over, is_open, knew, confirmed, age),
        )
        most: int = cursor.fetchone()[0]
    connection.close()
    return most


@pytest.fixture
def closed(postgres: PostgresServer) -> PostgresServer:
    """A closed and drained poll with one queue: 3 voters with 6 ballots, of which 1 is a changed
    vote and 2 are repeated, 1 test vote, 1 rejected entry that is not our frontends' own."""
    queue, boot = uuid4(), uuid4()
    postgres.query("INSERT INTO queues (queue, opened) VALUES (%s, true)", queue)
    votes = zip([*VOTERS, *VOTERS, uuid4()], "abbbbbt", strict=True)
    for number, (voter, choice) in enumerate(votes, start=1):
        key = {"t": "test"}.get(choice, choice)
        cast_us = 1790000000000000 + number
        postgres.query(BALLOT, queue, number, voter, key, cast_us, boot, number)
    postgres.query(REJECTED, queue, 1, "it has other fields", False)
    assert ask(postgres, "close") == (0, "The poll is closed.")
    assert report(postgres, queue, 8) == 8
    return postgres
