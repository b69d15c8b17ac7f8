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
    waiting: int = 0,
    is_open: bool = False,
    knew: str = "closed",
    confirmed: bool = False,
) -> int:
    """What a worker tells of a queue, a while after the last; the most that was ever told."""
    postgres.query("UPDATE queues SET seen_at = now() - interval '1 minute'")
    connection = postgres.connect("worker")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT report(%s, %s, %s, NULL, %s, 'frontend01', %s, %s)",
            (queue, added, waiting, is_open, knew, confirmed),
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
    assert (certificate["version"], certificate["poll"]) == (2, "pets")
    figures = ("votes", "test_votes", "voters", "ballots", "rejected", "received")
    assert [certificate[figure] for figure in figures] == [3, 1, 4, 7, 1, 8]
    assert (certificate["changed_votes"], certificate["repeated_votes"]) == (1, 2)
    assert certificate["rejected_reasons"] == {"it has other fields": 1}
    [queue] = certificate["queues"]
    assert queue["node"] == "frontend01"
    assert (queue["received"], queue["ballots"], queue["rejected"], queue["waiting"]) == (
        8,
        7,
        1,
        0,
    )
    assert certificate["first_cast"] == "2026-09-21T14:13:20.000001Z"
    assert certificate["last_cast"] == "2026-09-21T14:13:20.000007Z"
    assert certificate["opened_at"] < certificate["closed_at"]
    page = html(closed)
    for text in ("Cats or dogs?", "100.0 %", "it has other fields", queue["queue"]):
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


def test_repeated_and_changed_votes_are_told_apart_in_the_order_of_the_count(
    closed: PostgresServer,
) -> None:
    """a, b, b, a, a by cast time, stored in another order and in two queues: two changed."""
    [(first,)] = closed.query("SELECT queue FROM queues")
    second, voter = uuid4(), uuid4()
    closed.query("INSERT INTO queues (queue, opened) VALUES (%s, true)", second)
    for number, (queue, choice, cast_us) in enumerate(
        [(first, "a", 50), (second, "b", 20), (first, "b", 30), (second, "a", 10), (first, "a", 40)]
    ):
        cast = 1790000000000000 + cast_us
        closed.query(BALLOT, queue, 100 + number, voter, choice, cast, uuid4(), 1)
    assert report(closed, first, 11) == 11
    assert report(closed, second, 2) == 2
    certificate = certify(closed)
    changed, repeated = certificate["changed_votes"], certificate["repeated_votes"]
    assert (changed, repeated) == (1 + 2, 2 + 2)
    assert certificate["ballots"] == certificate["voters"] + changed + repeated


def test_a_certificate_can_be_made_again_after_a_late_report(closed: PostgresServer) -> None:
    """A worker that was frozen between its look, of before the closing, and its report."""
    first = ask(closed, "certify")
    assert first[0] == 0
    [(queue,)] = closed.query("SELECT queue FROM queues")
    for added, waiting in ((8, 2), (5, 0), (0, 0)):
        assert report(closed, queue, added, waiting=waiting, is_open=True, knew="open") == 8
        assert ask(closed, "drained")[0] == 0
        assert ask(closed, "certify") == first


@pytest.mark.parametrize("shift", ["1 hour", "-1 hour"])
def test_the_store_s_clock_at_closing_says_nothing_of_the_queues(
    closed: PostgresServer, shift: str
) -> None:
    closed.query(f"UPDATE poll SET closed_at = now() + interval '{shift}'")
    assert ask(closed, "drained")[0] == 0
    certify(closed)


def test_a_queue_that_came_back_with_less_is_named(closed: PostgresServer) -> None:
    """It had told of 8: whether 3 are missing or all are in the store, it is not to be trusted."""
    [(queue,)] = closed.query("SELECT queue FROM queues")
    assert report(closed, queue, 5) == 8
    assert report(closed, queue, 5, confirmed=True) == 8
    # What it says later makes up for nothing.
    assert report(closed, queue, 8) == 8
    code, said = ask(closed, "certify")
    assert code == 1
    assert f"Queue {queue} on frontend01 has lost entries: it once reported 3 less" in said
    closed.query("DELETE FROM ballots WHERE entry_seq > 4")
    assert "was given 8 entries: 4 are in ballots" in ask(closed, "certify")[1]


def test_a_rejected_entry_of_our_own_making_is_named(closed: PostgresServer) -> None:
    [(queue,)] = closed.query("SELECT queue FROM queues")
    for entry in range(2, 4):
        closed.query(REJECTED, queue, entry, "there is no such choice", True)
    assert report(closed, queue, 10) == 10
    code, said = ask(closed, "certify")
    assert code == 1
    assert (
        f"Queue {queue} on frontend01 gave 2 entries that look like our frontends' own and were "
        "rejected, so their voters may have a receipt: there is no such choice."
    ) in said
    assert "it has other fields" not in said


def test_a_certificate_of_version_1_is_still_true(closed: PostgresServer) -> None:
    """One that Landslide 1.0 made: no poll, no repeated votes, a digest over fewer columns."""
    given = certify(closed)
    columns = "queue, entry_ms, entry_seq, voter, choice, cast_us, stored_at"
    digest = (
        "export PGTZ=UTC PGDATESTYLE=ISO PGOPTIONS='-c bytea_output=hex';"
        f" (psql -qXc 'COPY (SELECT {columns} FROM ballots ORDER BY 1, 2, 3) TO STDOUT';"
        " psql -qXc 'COPY (SELECT queue, entry_ms, entry_seq, reason, payload, stored_at"
        " FROM rejected ORDER BY 1, 2, 3) TO STDOUT') | sha256sum"
    )
    given["ledger_sha256"] = closed.execute("sh", "-c", digest).stdout.split()[0]
    given["changed_votes"] += given.pop("repeated_votes")
    given["version"] = 1
    del given["poll"]
    text = json.dumps(given)
    assert ask(closed, "verify", stdin=text)[0] == 0
    assert ask(closed, "verify", stdin=text.replace('"voters": 4', '"voters": 5'))[0] == 1
    closed.query("UPDATE certificate SET json = %s", text)
    assert ask(closed, "certify") == (0, text)


def test_the_digest_is_what_psql_and_sha256sum_make(closed: PostgresServer) -> None:
    certificate = certify(closed)
    found = re.search(r"<pre><code>(.*?)</code></pre>", html(closed), re.S)
    assert found is not None
    command = f"PGTZ=Asia/Tokyo; export PGTZ; {unescape(found.group(1))}"
    assert closed.execute("sh", "-c", command).stdout.split()[0] == certificate["ledger_sha256"]


def test_the_certificate_shows_no_voter(closed: PostgresServer) -> None:
    text = json.dumps(certify(closed)) + html(closed)
    voters = [str(voter) for (voter,) in closed.query("SELECT voter FROM ballots")]
    assert len(voters) == 7
    assert [voter for voter in voters if voter in text] == []


PLANTED = [
    (
        "a ledger row is gone",
        "DELETE FROM ballots WHERE entry_seq = 7",
        "was given 8 entries: 6 are in ballots, 1 in rejected, 0 wait. The difference is 1.",
    ),
    (
        "a rejected entry is gone",
        "DELETE FROM rejected",
        "was given 8 entries: 7 are in ballots, 0 in rejected, 0 wait. The difference is 1.",
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
        "the queue was not seen since it is to be closed",
        "UPDATE queues SET ended = false",
        "has not been seen closed since it is to take no more votes, so it may hold more than the "
        "8 entries that it told of",
    ),
    (
        "the queue lost entries that are in the ledger",
        "UPDATE queues SET shortfall = 2",
        "has lost entries: it once reported 2 less than before",
    ),
    (
        "two entries had one id",
        "INSERT INTO collisions SELECT queue, entry_ms, entry_seq, 'x' FROM ballots LIMIT 2",
        "gave 2 entries under the ids of others that are in the ledger",
    ),
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
    closed.query(REJECTED, stranger, 0, "why", False)
    code, said = ask(closed, "certify")
    assert code == 1
    assert f"Queue {stranger} is unknown, and the ledger has 1 entries of it." in said


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ballots SET stored_at = stored_at + interval '1 microsecond'",
        "UPDATE ballots SET flag = 1 WHERE entry_seq = 1",
        "UPDATE ballots SET node = 'frontend02' WHERE entry_seq = 1",
        "UPDATE ballots SET boot = voter WHERE entry_seq = 1",
        "UPDATE ballots SET seq = 9 WHERE entry_seq = 1",
        "UPDATE ballots SET mac = NULL WHERE entry_seq = 1",
        "UPDATE rejected SET payload = '{x}'",
    ],
)
def test_a_ledger_that_is_touched_later_shows(closed: PostgresServer, change: str) -> None:
    certificate = ask(closed, "certify")[1]
    closed.query(change)
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
