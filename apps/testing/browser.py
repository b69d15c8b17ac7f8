"""Fixture `visit`: a real browser (Debian's Chromium, headless), and an eye on what it does.

Whatever a test is about, its pages ask no other host for anything and have no error to report.
Pictures of them are kept in .cache/screenshots, for people to look at.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Request, sync_playwright

SCREENSHOTS = Path(__file__).parents[2] / ".cache" / "screenshots"
QUIET = [
    "--no-sandbox",  # which root has to go without
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"width": 320, "height": 640}
DESK = {"width": 1280, "height": 800}
WALL = {"width": 3840, "height": 2160}


class Visitor:
    """A person with a browser of their own: cookies, languages, a screen."""

    def __init__(self, context: BrowserContext, site: str) -> None:
        self.requests: list[Request] = []
        self.finished: list[Request] = []
        self.errors: list[str] = []
        self.context = context
        self.site = site
        context.set_default_timeout(15_000)
        self.page = context.new_page()
        self.page.on("request", self._asked)
        self.page.on("requestfinished", self._finished)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda said: self._heard(said.type, said.text))

    def go(self, path: str = "/") -> Page:
        self.page.goto(self.site + path)
        return self.page

    def bytes_received(self) -> int:
        """Headers and bodies of all answers that have come to their end over the network."""
        sizes = [request.sizes() for request in self.finished]
        return sum(size["responseHeadersSize"] + size["responseBodySize"] for size in sizes)

    def check(self, name: str) -> None:
        """Keep a picture; the page fits its screen's width, and axe-core finds nothing."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        found = Axe().run(self.page).response["violations"]
        faults = [(fault["id"], node["html"]) for fault in found for node in fault["nodes"]]
        assert faults == []

    def leave(self) -> None:
        self.context.close()
        hosts = {urlsplit(request.url).netloc for request in self.requests}
        assert hosts <= {urlsplit(self.site).netloc}
        assert self.errors == []

    def _asked(self, request: Request) -> None:
        # A data URL is in the page already.
        if not request.url.startswith("data:"):
            self.requests.append(request)

    def _finished(self, request: Request) -> None:
        # The size of an answer that never ends, a stream of events, would be waited for for ever.
        if request in self.requests:
            self.finished.append(request)

    def _heard(self, kind: str, text: str) -> None:
        # A page that comes with another status than 200 is reported in these words.
        if kind in ("error", "warning") and "the server responded with a status" not in text:
            self.errors.append(text)


@pytest.fixture(scope="session")
def playwright_driver() -> Iterator[Playwright]:
    """Playwright itself, of which a thread can have only one."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright_driver: Playwright) -> Iterator[Browser]:
    chromium = playwright_driver.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
    yield chromium
    chromium.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """A function that brings a new visitor: visit(site, locale="de", viewport=PHONE, ...)."""
    visitors: list[Visitor] = []

    def come(site: str, **options: Any) -> Visitor:
        visitors.append(Visitor(browser.new_context(**options), site))
        return visitors[-1]

    yield come
    for visitor in visitors:
        visitor.leave()
