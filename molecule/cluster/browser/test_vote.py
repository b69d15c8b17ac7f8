"""A person votes in a browser, and another sees the count rise on an open page."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

SECONDS = 15_000  # until a vote has gone all the way; a browser counts in milliseconds
CATS, DOGS = "a", "b"


def votes(results: Page, choice: str) -> int:
    text = results.locator(f"[data-choice={choice}] .votes").inner_text()
    return int(re.sub(r"\D", "", text))


def expect_votes(results: Page, choice: str, number: int) -> None:
    # Commas and spaces may group the digits; "1 vote" is one, "2 votes" are two.
    pattern = re.compile(rf"^{number:,} vote{'s' if number != 1 else ''}$")
    expect(results.locator(f"[data-choice={choice}] .votes")).to_have_text(pattern, timeout=SECONDS)


def test_a_vote_is_acknowledged_and_counted_before_everybody(
    page: Page, results: Page, site: str, picture: Callable[[Page, str], None]
) -> None:
    cats, dogs = votes(results, CATS), votes(results, DOGS)
    results.evaluate("window.notReloaded = true")

    page.goto(site)
    picture(page, "1-ballot")
    page.get_by_role("button", name="Cats").click()
    receipt = page.get_by_role("status")
    expect(receipt).to_have_text(re.compile(r"Node frontend\d\d"))
    picture(page, "2-voted")
    expect_votes(results, CATS, cats + 1)
    picture(results, "3-counted")

    page.get_by_role("button", name="Dogs").click()
    expect(page.get_by_role("button", name="Dogs")).to_have_attribute("aria-pressed", "true")
    expect_votes(results, DOGS, dogs + 1)
    expect_votes(results, CATS, cats)
    picture(results, "4-changed-its-mind")
    assert results.evaluate("window.notReloaded") is True
