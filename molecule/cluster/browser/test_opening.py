"""A person comes before the poll is open."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect


def test_whoever_comes_early_reads_it(
    page: Page, site: str, picture: Callable[[Page, str], None]
) -> None:
    page.goto(site)
    expect(page.get_by_role("heading")).to_have_text("The poll is not open yet.")
    expect(page.get_by_role("button")).to_have_count(0)
    picture(page, "0-not-open")
