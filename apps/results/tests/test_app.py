"""The results page as its viewers have it."""

import json
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from socket import create_connection
from typing import Any
from uuid import uuid4

import pytest
from testing.container_health import is_healthy
from testing.postgres_server import POLL, PostgresServer
from testing.waiting import wait_until

from .conftest import Results

Vote = Callable[..., None]


def test_the_api_gives_the_count(results: Any, vote: Vote, postgres: PostgresServer) -> None:
    vote(a=1, b=3, test=2)
    postgres.query("INSERT INTO queues (queue, waiting) VALUES (%s, 5)", uuid4())
    wait_until(lambda: results.results()["total"] == 4 and results.results()["waiting"] == 5)
    answer = results.results()
    assert datetime.fromisoformat(answer.pop("as_of")).tzinfo is not None
    assert answer == {
        "title": "Cats or dogs?",
        "state": "open",
        "choices": [
            {"key": "a", "text": "Cats", "votes": 1, "percent": 25.0},
            {"key": "b", "text": "Dogs", "votes": 3, "percent": 75.0},
        ],
        "total": 4,
        "test_votes": 2,
        "waiting": 5,
        "minutes": [],
        "delay": None,
    }
    postgres.query("UPDATE poll SET state = 'closed', closed_at = now()")
    wait_until(lambda: results.results()["state"] == "closed")
    assert "The poll is closed." in results.get("/")[2]


def test_the_certificate_can_be_had_once_there_is_one(
    results: Any, postgres: PostgresServer
) -> None:
    assert results.get("/certificate.html")[0] == 404
    assert "certificate" not in results.get("/")[2]
    postgres.query("INSERT INTO certificate (json, html) VALUES ('{}', '<p>é</p>')")
    wait_until(lambda: '<a href="/certificate.html"' in results.get("/")[2])
    status, headers, body = results.get("/certificate.html")
    assert (status, body) == (200, "<p>é</p>")
    assert headers["content-disposition"] == "attachment; filename=certificate.html"
    assert results.get("/certificate.json")[2] == "{}"
    assert results.get("/certificate.txt")[0] == 404


def test_the_api_may_be_cached_for_a_second(results: Any) -> None:
    def unchanged() -> bool:
        _, headers, _ = results.get("/api/results")
        assert headers["cache-control"] == "max-age=1"
        status, _, body = results.get("/api/results", **{"If-None-Match": headers["etag"]})
        return bool(status == 304 and body == "")

    # The next reading of the store may come between the two.
    wait_until(unchanged)


def test_viewers_get_each_change_pushed(results: Any, vote: Vote) -> None:
    viewers = [results.watch() for _ in range(3)]
    assert viewers[0].response.headers["content-type"] == "text/event-stream"
    for viewer in viewers:
        assert "0 votes in all" in viewer.next_event()
    vote(a=1)
    for viewer in viewers:
        event = viewer.next_event()
        assert "Cats 100.0 % 1 vote Dogs 0.0 % 0 votes 1 vote in all." in event
    vote(b=1, test=1)
    for viewer in viewers:
        event = viewer.next_event()
        assert "1 vote Dogs 50.0 % 1 vote 2 votes in all. The poll is open. 1 test vote" in event
        viewer.close()


def test_viewers_get_a_language_to_read(results: Any, vote: Vote) -> None:
    vote(a=1, b=3)
    german, arabic = ({"Accept-Language": wanted} for wanted in ("de-AT,de;q=0.9,en;q=0.8", "ar"))
    wait_until(lambda: "4 Stimmen insgesamt." in results.get("/", **german)[2])
    for wanted, language in ((german, "de"), (arabic, "ar"), ({"Accept-Language": "fr"}, "en")):
        _, headers, page = results.get("/", **wanted)
        assert headers["content-language"] == language
        assert headers["vary"] == "Accept-Language"
        direction = "rtl" if language == "ar" else "ltr"
        assert f'<html lang="{language}" dir="{direction}">' in page
    assert "<title>Katzen oder Hunde? \u2013 Ergebnis</title>" in results.get("/", **german)[2]
    # Programs have the poll's own words, whatever their system's language is.
    _, headers, body = results.get("/api/results", **german)
    assert (headers["content-language"], "vary" in headers) == ("en", False)
    assert [choice["text"] for choice in json.loads(body)["choices"]] == ["Cats", "Dogs"]


def test_what_is_pushed_is_in_the_language_of_the_page(results: Any, vote: Vote) -> None:
    vote(a=1, b=3)
    wait_until(lambda: results.results()["total"] == 4)
    german = results.watch(**{"Accept-Language": "de"})
    arabic = results.watch(**{"Accept-Language": "ar-EG"})
    said = "Katzen 25,0 % 1 Stimme Hunde 75,0 % 3 Stimmen 4 Stimmen insgesamt. Die Abstimmung läuft"
    assert said in german.next_event()
    assert "القطط 25.0 % صوت واحد الكلاب 75.0 % 3 أصوات" in arabic.next_event()
    vote(a=11)
    assert "Katzen 78,6 % 11 Stimmen" in german.next_event()
    assert "القطط 78.6 % 11 صوتًا" in arabic.next_event()
    german.close()
    arabic.close()


def test_a_viewer_who_does_not_read_holds_up_nobody(results: Any, vote: Vote) -> None:
    with create_connection(("127.0.0.1", results.port)) as deaf:
        deaf.sendall(b"GET /events HTTP/1.1\r\nHost: results\r\n\r\n")
        viewer = results.watch()
        viewer.next_event()
        for number in range(1, 4):
            vote(a=number)
            assert f"{number} vote" in viewer.next_event()
        viewer.close()


@contextmanager
def statements(postgres: PostgresServer) -> Iterator[Callable[[], int]]:
    """How many statements the results role has sent since."""

    def count() -> int:
        return len(re.findall(r" results LOG:  statement:", postgres.log_path.read_text()))

    superuser = postgres.connect("postgres")
    with superuser.cursor() as cursor:
        cursor.execute("ALTER ROLE results SET log_statement = 'all'")
        before = count()
        yield lambda: count() - before
        cursor.execute("ALTER ROLE results RESET log_statement")
    superuser.close()


def test_the_store_is_asked_once_a_second_however_many_watch(
    postgres: PostgresServer, request: pytest.FixtureRequest
) -> None:
    with statements(postgres) as count:
        results = request.getfixturevalue("results")
        viewers = [results.watch() for _ in range(100)]
        for viewer in viewers:
            viewer.next_event()
            results.get("/")
            results.get("/api/results")
        before, started = count(), time.monotonic()
        wait_until(lambda: count() >= before + 4)
        assert count() - before <= time.monotonic() - started + 2
        for viewer in viewers:
            viewer.close()


def test_the_last_figures_stay_up_while_the_store_is_away(
    results: Any, vote: Vote, postgres: PostgresServer
) -> None:
    vote(a=2)
    wait_until(lambda: results.results()["total"] == 2)
    viewer = results.watch()
    postgres.kill()
    wait_until(lambda: not results.healthy())
    wait_until(lambda: "the store does not answer" in results.get("/")[2])
    assert re.search(r"These figures are \d+ seconds? old", results.get("/")[2])
    assert "2 votes in all." in results.get("/")[2]
    assert results.results()["total"] == 2
    assert is_healthy(results.port)
    while "the store does not answer" not in viewer.next_event():
        pass
    postgres.start()
    wait_until(results.healthy)
    while "the store does not answer" in viewer.next_event():
        pass
    viewer.close()


def test_the_page_needs_nothing_from_elsewhere_and_allows_nothing_inline(results: Any) -> None:
    status, headers, page = results.get("/")
    assert status == 200
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "style=" not in page
    assert "<style" not in page
    assert re.findall(r"<script(?! src=\"/static/)", page) == []
    assert re.findall(r"(?:src|href)=\"(?!/static/|/\")", page) == []
    for path in re.findall(r"(?:src|href)=\"([^\"]+)\"", page):
        assert results.get(path)[0] == 200
    assert '<noscript><p><a href="/">' in page


def test_texts_are_escaped(results: Any, postgres: PostgresServer) -> None:
    postgres.query("UPDATE choices SET text = '<b>&' WHERE key = 'a'")
    wait_until(lambda: "&lt;b&gt;&amp;" in results.get("/")[2])
    assert "<b>" not in results.get("/")[2]
    postgres.query("UPDATE choices SET text = 'Cats' WHERE key = 'a'")


def test_sigterm_ends_it_though_streams_are_open(results: Any) -> None:
    viewer = results.watch()
    viewer.next_event()
    results.process.send_signal(signal.SIGTERM)
    assert results.process.wait(8) == 0
    viewer.close()


def test_the_split_can_be_kept_secret_until_the_poll_is_closed(
    postgres: PostgresServer, vote: Vote, tmp_path: Path
) -> None:
    poll = tmp_path / "poll.json"
    poll.write_text(json.dumps(POLL | {"results_before_closing": False}))
    vote(a=3, b=1)
    results = Results(postgres, tmp_path / "results.log", POLL_FILE=str(poll))
    try:
        wait_until(results.healthy)
        viewer = results.watch()
        answer = results.results()
        assert (answer["choices"], answer["total"]) == ([], 4)
        for text in (viewer.next_event(), results.get("/")[2]):
            assert "4 votes in all." in text and "as soon as the poll is closed" in text
            assert "Cats" not in text.replace(POLL["title"], "") and "75.0" not in text
        postgres.query("UPDATE poll SET state = 'closed', closed_at = now()")
        assert "Cats 75.0 % 3 votes" in viewer.next_event()
        viewer.close()
    finally:
        results.kill()
