"""The results page as people have it, in a real browser."""

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from testing.browser import DESK, PHONE, WALL, Visitor
from testing.postgres_server import POLL, PostgresServer
from testing.waiting import wait_until

Visit = Callable[..., Visitor]
Vote = Callable[..., None]


def site(results: Any) -> str:
    return f"http://127.0.0.1:{results.port}"


def expect_votes(page: Page, choice: str, text: str) -> None:
    expect(page.locator(f"[data-choice={choice}] .votes")).to_have_text(text, timeout=15_000)


def test_votes_and_the_end_appear_without_a_reload(
    results: Any, vote: Vote, visit: Visit, postgres: PostgresServer
) -> None:
    visitor = visit(site(results))
    page = visitor.go()
    page.evaluate("window.notReloaded = true")
    vote(a=1, b=2)
    expect_votes(page, "a", "1 vote")
    expect_votes(page, "b", "2 votes")
    expect(page.locator(".total")).to_contain_text("3 votes in all. The poll is open.")
    postgres.query("UPDATE poll SET state = 'closed', closed_at = now()")
    expect(page.locator(".total")).to_contain_text("The poll is closed.", timeout=15_000)
    assert page.evaluate("window.notReloaded") is True
    assert len(visitor.requests) <= 5
    assert visitor.bytes_received() < 50_000


def test_where_nothing_can_be_pushed_the_page_is_loaded_again(
    results: Any, vote: Vote, visit: Visit
) -> None:
    visitor = visit(site(results))
    visitor.context.route("**/events", lambda route: route.fulfill(status=503))
    visitor.page.clock.install()
    page = visitor.go()
    vote(a=1)

    def loaded_again() -> bool:
        page.clock.fast_forward(11_000)
        return page.locator("[data-choice=a] .votes").inner_text() == "1 vote"

    wait_until(loaded_again)


def test_without_scripts_a_link_shows_the_newest_figures(
    results: Any, vote: Vote, visit: Visit
) -> None:
    page = visit(site(results), java_script_enabled=False).go()
    expect_votes(page, "a", "0 votes")
    expect(page.get_by_role("button")).to_have_count(0)
    vote(a=1)

    def newest() -> str:
        page.get_by_role("link", name="Show the newest figures").click()
        return page.locator("[data-choice=a] .votes").inner_text()

    deadline = time.monotonic() + 20
    while newest() != "1 vote":
        assert time.monotonic() < deadline


def test_who_reads_slowly_can_stop_it(results: Any, vote: Vote, visit: Visit) -> None:
    page = visit(site(results)).go()
    watch = visit(site(results)).go()
    page.keyboard.press("Tab")
    pause = page.get_by_role("button", name="Pause")
    expect(pause).to_be_focused()
    page.keyboard.press("Enter")
    expect(pause).to_have_attribute("aria-pressed", "true")
    vote(a=7)
    expect_votes(watch, "a", "7 votes")
    expect_votes(page, "a", "0 votes")
    page.keyboard.press("Enter")
    expect_votes(page, "a", "7 votes")


def test_a_store_that_is_away_and_comes_back_is_told(
    results: Any, vote: Vote, visit: Visit, postgres: PostgresServer
) -> None:
    vote(a=3)
    visitor = visit(site(results))
    page = visitor.go()
    expect_votes(page, "a", "3 votes")
    postgres.stop()
    notice = page.locator(".notice")
    expect(notice).to_contain_text(re.compile(r"\d+ seconds old"), timeout=15_000)
    expect_votes(page, "a", "3 votes")
    visitor.check("results-stale")
    postgres.start()
    expect(notice).to_have_count(0, timeout=15_000)


LOOKS = {
    "phone": {"viewport": PHONE},
    "dark": {"viewport": DESK, "locale": "de-AT", "color_scheme": "dark"},
    "arabic": {"viewport": PHONE, "locale": "ar-EG", "color_scheme": "dark"},
    "wall": {"viewport": WALL},
}
STATES = ("empty", "open", "waiting", "closed")
NO_VOTES = {
    "en": "0 votes in all.",
    "de": "0 Stimmen insgesamt.",
    "ar": "المجموع: لا أصوات.",
}
MANY_VOTES = {
    "en": "2,392,233 votes in all.",
    "de": "2.392.233 Stimmen insgesamt.",
    "ar": "المجموع: 2,392,233 صوتًا.",
}
SENTENCES = {
    "open": {"en": "The poll is open.", "de": "Die Abstimmung läuft.", "ar": "التصويت مفتوح."},
    "waiting": {
        "en": "The poll is not open yet.",
        "de": "Die Abstimmung hat noch nicht begonnen.",
        "ar": "لم يبدأ التصويت بعد.",
    },
    "closed": {
        "en": "The poll is closed.",
        "de": "Die Abstimmung ist beendet.",
        "ar": "انتهى التصويت.",
    },
}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("state", STATES)
def test_every_state_is_for_everybody(
    results: Any, vote: Vote, visit: Visit, postgres: PostgresServer, state: str, look: str
) -> None:
    if state in ("open", "closed"):
        vote(a=1_204_331, b=1_187_902, test=3)
        postgres.query(
            "INSERT INTO minutes SELECT date_trunc('minute', now()) - n * interval '1 minute',"
            " 30000 * exp(-power((n - 40) / 18.0, 2)) + 900 * mod(n, 5), interval '0.31 seconds'"
            " FROM generate_series(0, 90) AS n"
        )
    if state == "open":
        postgres.query("INSERT INTO queues (queue, waiting) VALUES (gen_random_uuid(), 412)")
    if state == "waiting":
        postgres.query("UPDATE poll SET state = 'waiting', opened_at = NULL")
    if state == "closed":
        postgres.query("UPDATE poll SET state = 'closed', closed_at = now()")
        postgres.query("INSERT INTO certificate (json, html) VALUES ('{}', '<p>')")
    visitor = visit(site(results), **LOOKS[look])
    page = visitor.go()
    language, direction = {"dark": ("de", "ltr"), "arabic": ("ar", "rtl")}.get(look, ("en", "ltr"))
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.locator("html")).to_have_attribute("dir", direction)
    total = (MANY_VOTES if state in ("open", "closed") else NO_VOTES)[language]
    sentence = SENTENCES["open" if state == "empty" else state][language]
    expect(page.locator(".total")).to_have_text(f"{total} {sentence}", timeout=15_000)
    expect(page.locator("figure")).to_have_count(1 if state in ("open", "closed") else 0)
    visitor.check(f"results-{state}-{look}")
    # Nobody scrolls a wall.
    if look == "wall":
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_twenty_choices_find_room(results: Any, visit: Visit, postgres: PostgresServer) -> None:
    poll = json.loads(postgres.poll_file.read_text())
    more = [
        {"key": f"k{n}", "text": f"Donaudampfschiffahrtsgesellschaft {n}", "color": "#123456"}
        for n in range(18)
    ]
    try:
        postgres.poll_file.write_text(json.dumps(poll | {"choices": poll["choices"] + more}))
        postgres.prepare()
        visitor = visit(site(results), viewport=PHONE)
        expect_votes(visitor.go(), "k17", "0 votes")
        visitor.check("results-twenty")
    finally:
        postgres.poll_file.write_text(json.dumps(POLL))
        postgres.query("DELETE FROM tally WHERE choice LIKE 'k%%'")
        postgres.query("DELETE FROM choices WHERE key LIKE 'k%%'")
