"""Fixture `person`: somebody who votes, in Debian's Chromium and once more in Debian's Firefox.

Both do what a person can do, and what a test asks of one it can ask of the other. Pages run no
script. A browser is started once; a new person in it has no cookies, and one empty tab.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple, Protocol

import pytest
from playwright.sync_api import BrowserContext, Error, Page, Playwright

from .browser import PHONE, QUIET
from .firefox import ELEMENT, Firefox, MarionetteError
from .waiting import wait_until

# Names of this machine. The last three are one site to a browser, and may set each other's cookies.
HOSTS = ("votingapp.local", "vote.example.test", "safe.example.test", "evil.example.test")
SECONDS = 20
# From one press of a hurried double press to the next.
HAND_MILLISECONDS = 150


class Cookie(NamedTuple):
    """What a browser keeps; `domain` begins with a dot where it is for all hosts below."""

    name: str
    value: str
    domain: str


class Tab(Protocol):
    """One tab. What leads to another page returns when that page is there."""

    def open(self, url: str) -> None: ...

    def press(self, selector: str) -> None:
        """Press what a CSS selector names."""

    def press_fast(self, *selectors: str) -> None:
        """Press where these are now, one after the other as a hand does, whatever comes between."""

    def back(self) -> None:
        """To the page before, or to the browser's word that it would have to send a form again."""

    def reload(self) -> None:
        """Load again; asked whether a form may be sent again, the person says yes."""

    def throw_away(self) -> None:
        """What a phone does with a tab in want of memory; then it is looked at, and loads again."""

    def text(self) -> str:
        """What is read on the page; nothing while there is none."""

    def url(self) -> str: ...


class Person(Protocol):
    """Somebody with a browser of their own."""

    def tab(self) -> Tab: ...

    def cookies(self) -> list[Cookie]: ...

    def leave(self) -> None: ...


Come = Callable[..., Person]


def wait_for(tab: Tab, text: str) -> None:
    """Until the page says `text`."""
    wait_until(lambda: text in tab.text(), SECONDS)


class ChromiumTab:
    def __init__(self, page: Page) -> None:
        self._page = page

    def open(self, url: str) -> None:
        self._page.goto(url)

    def press(self, selector: str) -> None:
        with self._page.expect_navigation():
            self._page.click(selector)

    def press_fast(self, *selectors: str) -> None:
        boxes = [self._page.locator(selector).bounding_box() for selector in selectors]
        for box in boxes:
            assert box is not None
            x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
            self._page.mouse.click(x, y)
            self._page.wait_for_timeout(HAND_MILLISECONDS)

    def back(self) -> None:
        try:
            # No load of a page that was kept: it is there.
            self._page.go_back(wait_until="commit")
        except Error as error:
            if "ERR_CACHE_MISS" not in error.message:
                raise
            self._page.wait_for_url("chrome-error://chromewebdata/")

    def reload(self) -> None:
        self._page.reload()

    def throw_away(self) -> None:
        # Playwright loses a tab that Chromium discards. A page that a form led to is not kept
        # either once the tab shows another one, and is then asked for in the same way.
        self.open("about:blank")
        self.back()
        self.reload()

    def text(self) -> str:
        return self._page.inner_text("body")

    def url(self) -> str:
        return self._page.url


class ChromiumPerson:
    def __init__(self, context: BrowserContext) -> None:
        self._context = context
        context.set_default_timeout(SECONDS * 1000)
        # A browser without a page would end.
        self._idle = context.new_page()
        for page in context.pages[:-1]:
            page.close()
        context.clear_cookies()

    def tab(self) -> ChromiumTab:
        return ChromiumTab(self._context.new_page())

    def cookies(self) -> list[Cookie]:
        return [Cookie(c["name"], c["value"], c["domain"]) for c in self._context.cookies()]

    def leave(self) -> None:
        for page in self._context.pages:
            if page != self._idle:
                page.close()


class FirefoxTab:
    DISCARD = """
        const tab = gBrowser.selectedTab;
        gBrowser.selectedTab = gBrowser.tabs[0];
        return gBrowser.discardBrowser(tab, true);
    """

    def __init__(self, firefox: Firefox, handle: str) -> None:
        self._firefox = firefox
        self._handle = handle

    def open(self, url: str) -> None:
        self._ask("WebDriver:Navigate", url=url)

    def press(self, selector: str) -> None:
        wait_until(lambda: self._pressed(selector), SECONDS)

    def press_fast(self, *selectors: str) -> None:
        rectangles = [
            self._ask("WebDriver:GetElementRect", id=self._find(selector)) for selector in selectors
        ]
        for box in rectangles:
            x, y = int(box["x"] + box["width"] / 2), int(box["y"] + box["height"] / 2)
            press = [
                {"type": "pointerMove", "x": x, "y": y},
                {"type": "pointerDown", "button": 0},
                {"type": "pointerUp", "button": 0},
            ]
            mouse = {"type": "pointer", "id": "mouse", "actions": press}
            self._ask("WebDriver:PerformActions", actions=[mouse])
            Event().wait(HAND_MILLISECONDS / 1000)

    def back(self) -> None:
        try:
            self._ask("WebDriver:Back")
        except MarionetteError as error:
            if "e=notCached" not in str(error):
                raise

    def reload(self) -> None:
        self._ask("WebDriver:Refresh")

    def throw_away(self) -> None:
        self._ask("WebDriver:GetTitle")
        assert self._firefox.run_privileged(self.DISCARD)
        wait_until(self.text, SECONDS)

    def text(self) -> str:
        try:
            return str(self._ask("WebDriver:GetElementText", id=self._find("body")))
        except MarionetteError as error:
            if error.kind not in ("no such element", "stale element reference"):
                raise
            return ""

    def url(self) -> str:
        return str(self._ask("WebDriver:GetCurrentURL"))

    def _pressed(self, selector: str) -> bool:
        try:
            self._ask("WebDriver:ElementClick", id=self._find(selector))
        except MarionetteError as error:
            if error.kind != "element click intercepted":
                raise
            return False
        return True

    def _find(self, selector: str) -> str:
        found = self._ask("WebDriver:FindElement", using="css selector", value=selector)
        return str(found[ELEMENT])

    def _ask(self, command: str, **parameters: object) -> Any:
        self._firefox.ask("WebDriver:SwitchToWindow", handle=self._handle)
        return self._firefox.ask(command, **parameters)


class FirefoxPerson:
    SET_UP = """
        const [bfcache, cookies] = arguments;
        Services.prefs.setBoolPref("javascript.enabled", false);
        Services.prefs.setIntPref("browser.sessionhistory.max_total_viewers", bfcache ? -1 : 0);
        Services.prefs.setIntPref("network.cookie.cookieBehavior", cookies ? 5 : 2);
        Services.cookies.removeAll();
    """

    def __init__(self, firefox: Firefox, bfcache: bool, cookies: bool) -> None:
        self._firefox = firefox
        [self._idle] = firefox.ask("WebDriver:GetWindowHandles")
        firefox.ask("WebDriver:SwitchToWindow", handle=self._idle)
        firefox.run_privileged(self.SET_UP, bfcache, cookies)
        firefox.ask("WebDriver:SetWindowRect", **PHONE)

    def tab(self) -> FirefoxTab:
        self._firefox.ask("WebDriver:SwitchToWindow", handle=self._idle)
        handle = self._firefox.ask("WebDriver:NewWindow", type="tab", focus=True)["handle"]
        return FirefoxTab(self._firefox, handle)

    def cookies(self) -> list[Cookie]:
        script = "return Services.cookies.cookies.map(c => [c.name, c.value, c.host])"
        return [Cookie(*found) for found in self._firefox.run_privileged(script)]

    def leave(self) -> None:
        for handle in self._firefox.ask("WebDriver:GetWindowHandles"):
            if handle != self._idle:
                self._firefox.ask("WebDriver:SwitchToWindow", handle=handle)
                self._firefox.ask("WebDriver:CloseWindow")
        self._firefox.ask("WebDriver:SwitchToWindow", handle=self._idle)


def _chromium(
    playwright: Playwright, profile: Path, bfcache: bool, cookies: bool
) -> BrowserContext:
    (profile / "Default").mkdir(parents=True)
    settings = {} if cookies else {"default_content_setting_values": {"cookies": 2}}
    (profile / "Default" / "Preferences").write_text(json.dumps({"profile": settings}))
    return playwright.chromium.launch_persistent_context(
        profile,
        executable_path="/usr/bin/chromium",
        args=[*QUIET, "--host-resolver-rules=" + ",".join(f"MAP {h} 127.0.0.1" for h in HOSTS)],
        # Playwright would have none.
        ignore_default_args=["--disable-back-forward-cache"] if bfcache else [],
        ignore_https_errors=True,
        java_script_enabled=False,
        viewport={"width": PHONE["width"], "height": PHONE["height"]},
    )


@pytest.fixture(scope="session", params=["chromium", "firefox"])
def people(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Come]:
    """As `person`, for the session."""
    if request.param == "firefox":
        firefox = Firefox(tmp_path_factory.mktemp("firefox"), HOSTS)
        yield lambda bfcache, cookies: FirefoxPerson(firefox, bfcache, cookies)
        firefox.end()
        return
    playwright = request.getfixturevalue("playwright_driver")
    # What Firefox is told while it runs, Chromium has to be started with.
    running: dict[tuple[bool, bool], BrowserContext] = {}

    def come(bfcache: bool, cookies: bool) -> Person:
        if (bfcache, cookies) not in running:
            profile = tmp_path_factory.mktemp("chromium")
            running[bfcache, cookies] = _chromium(playwright, profile, bfcache, cookies)
        return ChromiumPerson(running[bfcache, cookies])

    yield come
    for context in running.values():
        context.close()


@pytest.fixture
def person(people: Come) -> Iterator[Come]:
    """A function that brings somebody: person(), person(bfcache=False), person(cookies=False)."""
    came: list[Person] = []

    def come(*, bfcache: bool = True, cookies: bool = True) -> Person:
        came.append(people(bfcache, cookies))
        return came[-1]

    yield come
    for one in came:
        one.leave()
