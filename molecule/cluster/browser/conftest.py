"""A browser, headless, that talks to the lab and to nobody else."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from testing.browser import QUIET

# The results' own name, without a name server: the load balancer goes by it.
BY_NAME = "--host-resolver-rules=MAP results.votingapp.local 127.0.0.1"


@pytest.fixture(scope="session")
def site() -> str:
    return os.environ["LANDSLIDE_SITE"]


@pytest.fixture(scope="session")
def picture() -> Callable[[Page, str], None]:
    """Return what keeps a picture of a page, under a name, for people to look at."""
    directory = Path(os.environ["LANDSLIDE_SCREENSHOTS"])
    directory.mkdir(parents=True, exist_ok=True)

    def keep(page: Page, name: str) -> None:
        page.screenshot(path=directory / f"{name}.png")

    return keep


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=[*QUIET, BY_NAME]
        )
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Return a page of a visitor who has never been here."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture(params=["the store", "the load balancer"])
def results(browser: Browser, site: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Return an open results page of somebody else, who has come either way."""
    context = browser.new_context()
    opened = context.new_page()
    by_name = f"http://results.votingapp.local:{urlsplit(site).port}/"
    opened.goto(os.environ["LANDSLIDE_RESULTS"] if request.param == "the store" else by_name)
    yield opened
    context.close()
