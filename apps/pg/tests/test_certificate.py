"""The certificate: what it says, and that it stays true."""

import json
import re
from html import unescape
from uuid import uuid4

import psycopg2.errors
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser
from poll.page import page
from testing.browser import PHONE
from testing.postgres_server import PostgresServer

from .conftest import BALLOT, ask, certify, report


def html(postgres: PostgresServer) -> str:
    text: str = postgres.query("SELECT html FROM certificate")[0][0]
    return text


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


# The tops of the lines of each figure and each time; a table's and the text's.
LINES = """() => [...document.querySelectorAll('td, time')].map(element => {
    const range = document.createRange();
    range.selectNodeContents(element);
    return [element.textContent, new Set([...range.getClientRects()].map(r => r.top)).size];
})"""


def test_figures_are_whole_on_a_phone(closed: PostgresServer, browser: Browser) -> None:
    certificate = certify(closed)
    figures = {name: value * 7_654_321 for name, value in certificate.items() if type(value) is int}
    queues = [
        queue | {"received": 22_962_963, "ballots": 22_962_963}
        for queue in 2 * certificate["queues"]
    ]
    tab = browser.new_page(viewport=PHONE)
    try:
        tab.set_content(page(certificate | figures | {"queues": queues}))
        assert [shown for shown, lines in tab.evaluate(LINES) if lines > 1] == []
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert Axe().run(tab).response["violations"] == []
    finally:
        tab.close()


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
