"""Tabs of Debian's Firefox, by Marionette."""

from threading import Event
from typing import Any

from .browser import PHONE
from .firefox import ELEMENT, Firefox, MarionetteError
from .tabs import HAND_MILLISECONDS, SECONDS, Cookie
from .waiting import wait_until


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
        self._wait_for(selector)
        wait_until(lambda: self._pressed(selector), SECONDS)

    def press_fast(self, *selectors: str) -> None:
        for selector in selectors:
            self._wait_for(selector)
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

    def _wait_for(self, selector: str) -> None:
        """Wait for an element, as Playwright does; a failure says what the page shows instead."""
        try:
            wait_until(lambda: self._has(selector), SECONDS)
        except TimeoutError as error:
            raise AssertionError(f"no {selector} on {self.url()}: {self.text()!r}") from error

    def _has(self, selector: str) -> bool:
        try:
            self._find(selector)
        except MarionetteError as error:
            if error.kind != "no such element":
                raise
            return False
        return True

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
