"""The certificate: made of what adds up, and of nothing else."""

import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import psycopg2.errors
import pytest
from testing.poll import Frontend, Poll, cast, wait_for_intake
from testing.postgres_server import PostgresServer
from testing.redis_server import RedisServer
from testing.waiting import wait_until

MakeQueue = Callable[[], RedisServer]
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


def html(postgres: PostgresServer) -> str:
    text: str = postgres.query("SELECT html FROM certificate")[0][0]
    return text


@pytest.fixture
def closed(poll: Poll, redis_server: RedisServer) -> PostgresServer:
    """A closed and drained poll: 3 voters, 5 ballots, 1 test vote, 1 rejected entry; no worker."""
    worker = poll.start_worker(redis_server)
    wait_for_intake(redis_server)
    for voter, choice in zip([*VOTERS, *VOTERS[:2]], "aabbb", strict=True):
        assert cast(redis_server, choice, voter)
    cast(redis_server, "test")
    cast(redis_server, "nobody")
    assert ask(poll.postgres, "close") == (0, "The poll is closed.")
    wait_until(lambda: ask(poll.postgres, "drained")[0] == 0)
    assert worker.stop() == 0
    return poll.postgres


def test_a_poll_that_is_closed_under_load_has_counted_every_thanked_vote(
    poll: Poll, make_redis_server: MakeQueue
) -> None:
    queues = [make_redis_server() for _ in range(2)]
    for number, queue in enumerate(queues):
        poll.start_worker(queue, f"worker{number}")
        poll.start_worker(queue, f"other{number}")
        wait_for_intake(queue)
    frontends = [Frontend(queue) for queue in queues for _ in range(2)]
    for frontend in frontends:
        frontend.start()
    wait_until(lambda: all(frontend.taken > 200 for frontend in frontends))
    assert ask(poll.postgres, "close")[0] == 0
    for frontend in frontends:
        frontend.join(20)
    wait_until(lambda: ask(poll.postgres, "drained")[0] == 0)
    taken = sum(frontend.taken for frontend in frontends)
    certificate = certify(poll.postgres)
    assert certificate["received"] == certificate["votes"] == taken
    assert {queue["received"] for queue in certificate["queues"]} == {
        sum(frontend.taken for frontend in part) for part in (frontends[:2], frontends[2:])
    }


def test_the_certificate_says_how_it_adds_up(closed: PostgresServer) -> None:
    certificate = certify(closed)
    assert certificate["title"] == "Cats or dogs?"
    assert certificate["choices"] == [
        {"key": "a", "text": "Cats", "votes": 0},
        {"key": "b", "text": "Dogs", "votes": 3},
    ]
    figures = ("votes", "test_votes", "voters", "changed_votes", "ballots", "rejected", "received")
    assert [certificate[figure] for figure in figures] == [3, 1, 4, 2, 6, 1, 7]
    assert certificate["rejected_reasons"] == {"there is no such choice": 1}
    [queue] = certificate["queues"]
    assert queue["node"] == "frontend01"
    assert (queue["received"], queue["ballots"], queue["rejected"], queue["waiting"]) == (
        7,
        6,
        1,
        0,
    )
    times = ("opened_at", "first_cast", "last_cast", "closed_at")
    assert [certificate[time] for time in times] == sorted(certificate[time] for time in times)
    page = html(closed)
    for text in ("Cats or dogs?", "100.0 %", "there is no such choice", queue["queue"]):
        assert text in page
    assert not re.search(r"(src|href)=|url\(|@import", page)


def test_the_certificate_is_made_once_and_can_be_verified(closed: PostgresServer) -> None:
    first = ask(closed, "certify")
    assert first[0] == 0
    assert ask(closed, "close")[1].startswith("The poll is closed already: ")
    assert ask(closed, "certify") == first
    # A node that joins later is no part of the poll.
    closed.query("INSERT INTO queues (queue, node) VALUES (%s, 'frontend09')", uuid4())
    assert ask(closed, "verify", stdin=first[1]) == (
        0,
        "The certificate says what the database says.",
    )
    forged = first[1].replace('"votes": 3', '"votes": 4')
    code, said = ask(closed, "verify", stdin=forged)
    assert code == 1
    assert "choices 2 votes: the certificate says 4, the database 3." in said
    assert ask(closed, "verify", stdin="") == (
        1,
        "What was given to verify is no certificate: it is not JSON.",
    )


def test_the_digest_is_what_psql_and_sha256sum_make(closed: PostgresServer) -> None:
    certificate = certify(closed)
    found = re.search(r"<pre><code>(.*?)</code></pre>", html(closed), re.S)
    assert found is not None
    command = f"PGTZ=Asia/Tokyo; export PGTZ; {unescape(found.group(1))}"
    assert closed.execute("sh", "-c", command).stdout.split()[0] == certificate["ledger_sha256"]


def test_the_certificate_shows_no_voter(closed: PostgresServer) -> None:
    text = json.dumps(certify(closed)) + html(closed)
    voters = [str(voter) for (voter,) in closed.query("SELECT voter FROM ballots")]
    assert len(voters) == 6
    assert [voter for voter in voters if voter in text] == []


PLANTED = [
    (
        "a ledger row is gone",
        "DELETE FROM ballots WHERE voter = '00000000-0000-0000-0000-000000000003'",
        "was given 7 entries: 5 are in ballots, 1 in rejected, 0 wait. The difference is 1.",
    ),
    (
        "a rejected entry is gone",
        "DELETE FROM rejected",
        "was given 7 entries: 6 are in ballots, 0 in rejected, 0 wait. The difference is 1.",
    ),
    (
        "a ledger row is added",
        "INSERT INTO ballots SELECT queue, 1, 0, gen_random_uuid(), 'a', 1 FROM queues",
        "The difference is -1.",
    ),
    (
        "an entry waits",
        "UPDATE queues SET waiting = 1, entries_added = entries_added + 1",
        "holds 1 ballots that are not in the store.",
    ),
    (
        "the queue was not seen after the closing",
        "UPDATE queues SET seen_at = (SELECT closed_at FROM poll)",
        "has not been seen closed, so it may hold more ballots",
    ),
    ("the queue is open", "UPDATE queues SET intake_open = true", "has not been seen closed"),
]


@pytest.mark.parametrize(("statement", "sentence"), [case[1:] for case in PLANTED])
def test_a_queue_that_does_not_add_up_is_named(
    closed: PostgresServer, statement: str, sentence: str
) -> None:
    closed.query(statement)
    [(queue,)] = closed.query("SELECT queue FROM queues")
    code, said = ask(closed, "certify")
    assert code == 1
    assert f"Queue {queue} on frontend01 " in said
    assert sentence in said
    assert closed.query("SELECT 1 FROM certificate") == []


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (
            "UPDATE tally SET votes = votes + 1 WHERE choice = 'a'",
            "Choice a has 0 votes by the ledger, 0 in the table votes, and 1 in the tally.",
        ),
        (
            "UPDATE votes SET choice = 'a' WHERE voter = '00000000-0000-0000-0000-000000000003'",
            "Choice b has 3 votes by the ledger, 2 in the table votes, and 2 in the tally.",
        ),
        (
            "UPDATE ballots SET choice = 'a'",
            "Choice a has 4 votes by the ledger, 0 in the table votes, and 0 in the tally.",
        ),
    ],
)
def test_a_choice_that_does_not_add_up_is_named(
    closed: PostgresServer, statement: str, sentence: str
) -> None:
    closed.query(statement)
    code, said = ask(closed, "certify")
    assert code == 1
    assert sentence in said
    assert closed.query("SELECT 1 FROM certificate") == []


def test_entries_of_a_queue_that_nobody_knows_are_named(closed: PostgresServer) -> None:
    stranger = uuid4()
    closed.query("INSERT INTO rejected VALUES (%s, 1, 0, 'why', NULL)", stranger)
    code, said = ask(closed, "certify")
    assert code == 1
    assert f"Queue {stranger} is unknown, and the ledger has 1 entries of it." in said


def test_a_ledger_that_is_touched_later_shows(closed: PostgresServer) -> None:
    certificate = ask(closed, "certify")[1]
    closed.query("UPDATE ballots SET stored_at = stored_at + interval '1 microsecond'")
    for command in ("certify", "verify"):
        code, said = ask(closed, command, stdin=certificate)
        assert code == 1
        assert "ledger_sha256: the certificate says " in said


def test_a_queue_whose_node_is_away_is_waited_for(poll: Poll, make_redis_server: MakeQueue) -> None:
    away, here = make_redis_server(), make_redis_server()
    for number, queue in enumerate((away, here)):
        poll.start_worker(queue, f"worker{number}")
        wait_for_intake(queue)
        cast(queue, "a", node=f"frontend{number}")
    poll.wait_for_entries(2)
    wait_until(lambda: not poll.postgres.query("SELECT 1 FROM queues WHERE node = ''"))
    away.kill()
    assert ask(poll.postgres, "close")[0] == 0
    wait_until(lambda: poll.postgres.query("SELECT node FROM draining") == [("frontend0",)])
    code, said = ask(poll.postgres, "certify")
    assert code == 1
    assert "on frontend0 has not been seen closed" in said
    assert "frontend1" not in said
    away.start()
    wait_until(lambda: ask(poll.postgres, "drained")[0] == 0)
    assert certify(poll.postgres)["votes"] == 2


def test_a_queue_that_was_retired_is_not_waited_for(
    poll: Poll, make_redis_server: MakeQueue
) -> None:
    """Its votes are counted, its machine is gone, and the others go on until the poll closes."""
    leaving, staying = make_redis_server(), make_redis_server()
    for number, server in enumerate((leaving, staying)):
        for name in ("worker", "other"):
            poll.start_worker(server, f"{name}{number}")
        wait_for_intake(server)
    with leaving.client() as client:
        identity = client.get("queue:id")
    frontends = [Frontend(server) for server in (leaving, leaving, staying)]
    for frontend in frontends:
        frontend.start()
    wait_until(lambda: poll.ballots() > 500)
    assert ask(poll.postgres, "retire", identity) == (0, "The queue is retired.")
    # Refused from one moment on, as a queue that is not ready is.
    for frontend in frontends[:2]:
        frontend.join(20)
    with leaving.client("frontend") as client:
        assert not client.exists("ballots", "ballots:closed")
    wait_until(lambda: ask(poll.postgres, "drained", identity)[0] == 0)
    leaving.kill()
    assert cast(staying, "a")
    frontends[2].finish()
    assert ask(poll.postgres, "close")[0] == 0
    wait_until(lambda: ask(poll.postgres, "drained")[0] == 0)
    certificate = certify(poll.postgres)
    assert certificate["ballots"] == sum(frontend.taken for frontend in frontends) + 1
    assert len(certificate["queues"]) == 2
    poll.check()


def test_an_open_poll_has_no_certificate(postgres: PostgresServer) -> None:
    assert ask(postgres, "certify")[1].endswith("The poll is open.")


@pytest.mark.parametrize(
    "statement",
    ["UPDATE ballots SET choice = 'a'", "UPDATE poll SET title = ''", "DELETE FROM certificate"],
)
def test_whoever_makes_it_can_only_look(postgres: PostgresServer, statement: str) -> None:
    connection = postgres.connect()
    with connection.cursor() as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
        cursor.execute("SET ROLE auditor")
        cursor.execute(statement)
    connection.close()
