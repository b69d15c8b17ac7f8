"""Tabs of Debian's Chromium, by playwright."""

import json
from pathlib import Path

from playwright.sync_api import BrowserContext, Error, Page, Playwright

from .browser import PHONE, QUIET
from .tabs import HAND_MILLISECONDS, HOSTS, SECONDS, Cookie


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


def start_chromium(
    playwright: Playwright, profile: Path, bfcache: bool, cookies: bool
) -> BrowserContext:
    """A Chromium with an empty profile, which keeps pages for Back, and cookies, or does not."""
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
