"""Every page that a voter can meet, in light and dark, three languages and both directions."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from testing.browser import DESK, PHONE, Visitor
from testing.redis_server import RedisServer

Visit = Callable[..., Visitor]
Ballots = Callable[[], list[dict[str, str]]]


def close(queue: RedisServer) -> None:
    with queue.client() as redis:
        redis.rename("ballots", "ballots:closed")


def unopen(queue: RedisServer) -> None:
    with queue.client() as redis:
        redis.delete("ballots")


def ballot(visitor: Visitor, queue: RedisServer) -> None:
    visitor.go()


def voted(visitor: Visitor, queue: RedisServer) -> None:
    visitor.go()
    visitor.page.locator("[value=b]").click()
    visitor.page.get_by_role("status").wait_for()


def closed(visitor: Visitor, queue: RedisServer) -> None:
    voted(visitor, queue)
    close(queue)
    visitor.page.locator("[value=a]").click()
    expect(visitor.page.locator("button")).to_have_count(0)


def closed_for_newcomers(visitor: Visitor, queue: RedisServer) -> None:
    close(queue)
    visitor.go()
    expect(visitor.page.locator("button")).to_have_count(0)


def not_open(visitor: Visitor, queue: RedisServer) -> None:
    unopen(queue)
    visitor.go()
    expect(visitor.page.locator("button")).to_have_count(0)
    expect(visitor.page.locator("time[dir=ltr]")).to_have_text("2126-12-01 18:00 UTC")


def busy(visitor: Visitor, queue: RedisServer) -> None:
    visitor.go()
    queue.kill()
    visitor.page.locator("[value=b]").click()
    again = visitor.page.get_by_role("button")
    expect(again).to_have_count(1)
    queue.start()
    expect(again).to_have_attribute("value", "b")


def voted_in_another_tab(visitor: Visitor) -> None:
    visitor.go()
    other = visitor.context.new_page()
    other.goto(visitor.site)
    other.locator("[value=b]").click()
    other.get_by_role("status").wait_for()


def asked(visitor: Visitor, queue: RedisServer) -> None:
    voted_in_another_tab(visitor)
    visitor.page.locator("[value=a]").click()
    expect(visitor.page.get_by_role("link")).to_have_count(1)
    expect(visitor.page.get_by_role("button")).to_have_count(1)


def asked_in_doubt(visitor: Visitor, queue: RedisServer) -> None:
    voted_in_another_tab(visitor)
    another = visitor.context.pages[-1]
    queue.kill()
    another.locator("[value=a]").click()
    expect(another.get_by_role("button")).to_have_count(1)
    queue.start()
    visitor.page.locator("[value=a]").click()
    expect(visitor.page.get_by_role("button")).to_have_count(2)
    expect(visitor.page.get_by_role("status")).to_have_count(0)


def without_cookies(visitor: Visitor, queue: RedisServer) -> None:
    visitor.go()
    visitor.context.clear_cookies()
    visitor.page.locator("[value=b]").click()
    visitor.page.get_by_role("status").wait_for()
    expect(visitor.page.locator("button")).to_have_count(0)


def refused(visitor: Visitor, queue: RedisServer) -> None:
    visitor.go()
    visitor.page.locator("[value=b]").evaluate("button => button.value = 'nobody'")
    visitor.page.locator("[value=nobody]").click()
    expect(visitor.page.locator("button")).to_have_count(0)


def lost(visitor: Visitor, queue: RedisServer) -> None:
    visitor.go("/nowhere")


STATES = [ballot, voted, without_cookies, asked, asked_in_doubt, closed, closed_for_newcomers]
STATES += [not_open, busy, refused, lost]
LOOKS = {
    "phone": {"viewport": PHONE, "locale": "en-US"},
    "dark": {"viewport": DESK, "locale": "de-AT", "color_scheme": "dark"},
    "arabic": {"viewport": PHONE, "locale": "ar-EG", "color_scheme": "dark"},
}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_every_state_is_for_everybody(
    site: str, visit: Visit, redis_server: RedisServer, state: Callable[..., None], look: str
) -> None:
    visitor = visit(site, **LOOKS[look])
    state(visitor, redis_server)
    language, direction = {"dark": ("de", "ltr"), "arabic": ("ar", "rtl")}.get(look, ("en", "ltr"))
    html = visitor.page.locator("html")
    expect(html).to_have_attribute("lang", language)
    expect(html).to_have_attribute("dir", direction)
    visitor.check(f"vote-{state.__name__}-{look}")


def test_whoever_was_refused_can_try_again_at_once(
    site: str, visit: Visit, redis_server: RedisServer, ballots: Ballots
) -> None:
    visitor = visit(site)
    busy(visitor, redis_server)
    visitor.page.get_by_role("button", name="Try again: Dogs").click()
    expect(visitor.page.get_by_role("status")).to_contain_text("Your vote is recorded: Dogs")
    assert [ballot["choice"] for ballot in ballots()] == ["b"]
