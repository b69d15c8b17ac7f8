"""The overview as operators have it, in a real browser."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from testing.browser import DESK, PHONE, WALL, Visitor
from testing.docker_engine import Engine
from testing.postgres_server import PostgresServer
from testing.waiting import wait_until

from .conftest import PASSWORD, Overview, node, service

Visit = Callable[..., Visitor]
LOGIN = {
    "http_credentials": {"username": "admin", "password": PASSWORD},
    "ignore_https_errors": True,
}
LOOKS: dict[str, dict[str, Any]] = {
    "phone": {"viewport": PHONE},
    "dark": {"viewport": DESK, "color_scheme": "dark"},
    "wall": {"viewport": WALL},
}


def site(overview: Overview) -> str:
    return f"https://127.0.0.1:{overview.port}"


def fill(postgres: PostgresServer) -> None:
    """Two queues and two workers in the middle of a poll."""
    postgres.query(
        "INSERT INTO queues (queue, node, intake_open, entries_added, waiting, oldest_ms, seen_at)"
        " SELECT md5(node)::uuid, node, true, added, waiting,"
        " extract(epoch FROM now()) * 1000 - 300, now()"
        " FROM (VALUES ('frontend01', 1204332, 412), ('frontend02', 1187902, 0))"
        " AS queue (node, added, waiting)"
    )
    postgres.query(
        "INSERT INTO deliveries SELECT queue, worker, (entries_added - waiting) / 2, 0"
        " FROM queues, (VALUES ('worker worker01'), ('worker worker02')) AS workers (worker)"
    )
    postgres.query("UPDATE tally SET votes = 1190000 WHERE choice <> 'test'")


def go_on(postgres: PostgresServer) -> None:
    """4,000 votes more."""
    postgres.query("UPDATE queues SET entries_added = entries_added + 2000")
    postgres.query("UPDATE deliveries SET ballots = ballots + 1000")


def expect_count(page: Page, said: str) -> None:
    expect(page.locator("#count")).to_contain_text(said, timeout=15_000)


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("state", ["empty", "well", "trouble"])
@pytest.mark.usefixtures("seen")
def test_every_state_is_for_everybody(
    request: pytest.FixtureRequest, postgres: PostgresServer, swarm: Engine, state: str, look: str
) -> None:
    if state != "empty":
        fill(postgres)
    overview = request.getfixturevalue("overview")
    # Who came last leaves first, and asks nothing of an app that is gone.
    visit = request.getfixturevalue("visit")
    if state == "trouble":
        swarm.nodes[1] = node("frontend02", Status={"State": "down"})
        swarm.services[0] = service("redis", 1, 2)
        postgres.query(
            "UPDATE queues SET seen_at = now() - interval '3 minutes', node = 'away'"
            " WHERE node = 'frontend02'"
        )
    visitor = visit(site(overview), **LOGIN, **LOOKS[look])
    page = visitor.go()
    expect_count(page, "Ballots stored0" if state == "empty" else "2,391,822")
    if state != "empty":
        go_on(postgres)
        expect_count(page, "2,395,822")
    said = {"trouble": "Service redis runs 1 of 2 tasks."}.get(state, "All healthy.")
    expect(page.locator("#warnings")).to_contain_text(said, timeout=15_000)
    visitor.check(f"overview-{state}-{look}")


def test_figures_come_without_a_reload_and_can_be_stopped(
    overview: Overview, visit: Visit, postgres: PostgresServer
) -> None:
    page = visit(site(overview), **LOGIN).go()
    page.evaluate("window.notReloaded = true")
    fill(postgres)
    expect_count(page, "2,391,8")
    assert page.evaluate("window.notReloaded") is True
    page.keyboard.press("Tab")
    pause = page.get_by_role("button", name="Pause")
    expect(pause).to_be_focused()
    page.keyboard.press("Enter")
    expect(pause).to_have_attribute("aria-pressed", "true")
    watch = visit(site(overview), **LOGIN).go()
    postgres.query("DELETE FROM deliveries")
    expect_count(watch, "Ballots stored0")
    expect_count(page, "2,391,8")
    page.keyboard.press("Enter")
    expect_count(page, "Ballots stored0")


def test_the_keyboard_reaches_what_a_small_screen_hides(
    overview: Overview, visit: Visit, postgres: PostgresServer
) -> None:
    fill(postgres)
    page = visit(site(overview), **LOGIN, viewport=PHONE).go()
    expect(page.locator("#queues")).to_contain_text("frontend02", timeout=15_000)
    queues = page.get_by_role("region", name="Queues")
    for _ in range(2):
        page.keyboard.press("Tab")
    expect(queues).to_be_focused()
    page.keyboard.press("ArrowRight")
    wait_until(lambda: queues.evaluate("region => region.scrollLeft") > 0)


def test_without_scripts_a_link_shows_the_newest_figures(overview: Overview, visit: Visit) -> None:
    page = visit(site(overview), java_script_enabled=False, **LOGIN).go()
    page.get_by_role("link", name="Show the newest figures").click()
    expect(page.locator("#nodes")).to_contain_text("frontend01")
    expect(page.get_by_role("button")).to_have_count(0)


def test_a_page_that_gets_no_answer_says_so(overview: Overview, visit: Visit) -> None:
    visitor = visit(site(overview), **LOGIN)
    page = visitor.go()
    overview.kill()
    expect(page.locator("#warnings")).to_contain_text("gets no answer", timeout=15_000)
    expect(page.locator("#nodes")).to_contain_text("frontend01")
    # The browser reports what it could not fetch; nothing else is wrong.
    visitor.errors = [said for said in visitor.errors if "ERR_CONNECTION_REFUSED" not in said]
