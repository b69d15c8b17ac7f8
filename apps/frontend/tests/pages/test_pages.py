"""The voting page as people have it, in a real browser."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from testing.browser import DESK, PHONE, WALL, Visitor

Visit = Callable[..., Visitor]
Ballots = Callable[[], list[dict[str, str]]]


def test_a_first_view_takes_two_requests_and_50_kb(site: str, visit: Visit) -> None:
    visitor = visit(site)
    visitor.go()
    visitor.page.wait_for_load_state("networkidle")
    assert len(visitor.requests) <= 2
    assert visitor.bytes_received() < 50_000
    print(f"{visitor.bytes_received()} bytes for a view with pictures")
    asked: dict[str, str] = {}
    cached: list[str] = []
    network = visitor.context.new_cdp_session(visitor.page)
    network.on(
        "Network.requestWillBeSent",
        lambda event: asked.update({event["requestId"]: event["request"]["url"]}),
    )
    network.on("Network.requestServedFromCache", lambda event: cached.append(event["requestId"]))
    network.send("Network.enable")
    visitor.page.get_by_role("button", name="Dogs").click()
    visitor.page.get_by_role("status").wait_for()
    visitor.page.wait_for_load_state("networkidle")
    # The pictures are still there from the first view.
    assert [request.method for request in visitor.requests[2:]] == ["POST", "GET"]
    assert visitor.requests[3].url in [asked[number] for number in cached]


@pytest.mark.parametrize("scripts", [True, False])
def test_a_vote_can_be_cast_and_changed(
    site: str, visit: Visit, ballots: Ballots, scripts: bool
) -> None:
    visitor = visit(site, java_script_enabled=scripts)
    page = visitor.go()
    expect(page.get_by_role("status")).to_have_count(0)
    page.get_by_role("button", name="Cats").click()
    receipt = page.get_by_role("status")
    expect(receipt).to_contain_text("Your vote is recorded: Cats")
    expect(receipt).to_contain_text("Node frontend02")
    expect(receipt.locator("time")).to_contain_text("-")
    page.get_by_role("button", name="Dogs").click()
    expect(receipt).to_contain_text("Your vote is recorded: Dogs")
    assert [ballot["choice"] for ballot in ballots()] == ["a", "b"]
    assert len({ballot["voter"] for ballot in ballots()}) == 1
    # Whoever comes back sees what was chosen.
    visitor.go()
    expect(page.get_by_role("status")).to_have_count(0)
    expect(page.get_by_role("button", name="Dogs")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Cats")).to_have_attribute("aria-pressed", "false")


def test_a_double_click_is_one_voter(site: str, visit: Visit, ballots: Ballots) -> None:
    page = visit(site).go()
    page.get_by_role("button", name="Cats").dblclick()
    expect(page.get_by_role("status")).to_be_visible()
    assert {ballot["choice"] for ballot in ballots()} == {"a"}
    assert len({ballot["voter"] for ballot in ballots()}) == 1


def test_the_keyboard_is_enough(site: str, visit: Visit, ballots: Ballots) -> None:
    page = visit(site).go()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Dogs")).to_be_focused()
    page.keyboard.press("Enter")
    # What is new has the focus, and the choices come next.
    expect(page.get_by_role("status")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Cats")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.get_by_role("status")).to_contain_text("Cats")
    assert [ballot["choice"] for ballot in ballots()] == ["b", "a"]


def milliseconds_to_see(page: Page) -> float:
    """From the click or the address until something of the page that it leads to is seen."""
    milliseconds: float = page.evaluate(
        "new Promise(done => new PerformanceObserver(list => done(list.getEntriesByName("
        "'first-contentful-paint')[0].startTime)).observe({type: 'paint', buffered: true}))"
    )
    return milliseconds


def test_a_slow_network_and_a_slow_phone_are_no_obstacle(
    site: str, visit: Visit, ballots: Ballots
) -> None:
    visitor = visit(site, viewport=PHONE)
    slow = {"latency": 600, "downloadThroughput": 30_000, "uploadThroughput": 10_000}
    phone = visitor.context.new_cdp_session(visitor.page)
    phone.send("Network.emulateNetworkConditions", {"offline": False, **slow})
    phone.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page = visitor.go()
    seen = milliseconds_to_see(page)
    page.get_by_role("button", name="Cats").click()
    expect(page.get_by_role("status")).to_be_visible()
    acknowledged = milliseconds_to_see(page)
    # With pytest -s; no test hangs on it.
    print(f"{seen:.0f} ms to see the page, {acknowledged:.0f} ms to the receipt")
    assert len(ballots()) == 1


def test_pictures_that_do_not_come_keep_nobody_waiting(
    site: str, visit: Visit, ballots: Ballots
) -> None:
    visitor = visit(site)
    visitor.context.route("**/*.css", lambda route: None)
    visitor.page.goto(site, wait_until="commit")
    # A button is pressed only where it is seen.
    visitor.page.get_by_role("button", name="Cats").click()
    expect(visitor.page.get_by_role("status")).to_be_visible()
    assert len(ballots()) == 1


def test_another_site_cannot_vote_for_a_visitor(site: str, visit: Visit, ballots: Ballots) -> None:
    visitor = visit(site)
    visitor.go()
    # The same machine by another name is another site.
    trap = site.replace("127.0.0.1", "localhost")
    form = f'<form method=post action="{site}/"><button name=vote value=a>Win!</button></form>'
    visitor.context.route(
        f"{trap}/trap", lambda route: route.fulfill(body=form, content_type="text/html")
    )
    stranger = visitor.context.new_page()
    stranger.goto(f"{trap}/trap")
    stranger.get_by_role("button").evaluate("button => button.click()")
    expect(stranger.get_by_role("heading")).to_contain_text("on this site itself")
    assert ballots() == []


@pytest.mark.parametrize("viewport", [PHONE, DESK, WALL], ids=["phone", "desk", "wall"])
def test_twenty_choices_find_room(
    poll: dict[str, Any], request: pytest.FixtureRequest, visit: Visit, viewport: dict[str, int]
) -> None:
    colors = ["#e03131", "#ffd43b", "#2f9e44", "#000000", "#ffffff", "#868e96"]
    poll["choices"] = [
        {"key": f"k{n}", "text": f"Donaudampfschiffahrtsgesellschaft {n}", "color": colors[n % 6]}
        for n in range(20)
    ]
    poll["translations"] = {}
    visitor = visit(request.getfixturevalue("site"), viewport=viewport)
    visitor.go().locator("[value=k7]").click()
    # Chromium takes no picture of a page that is just being replaced.
    visitor.page.get_by_role("status").wait_for()
    visitor.check(f"vote-twenty-{viewport['width']}")
