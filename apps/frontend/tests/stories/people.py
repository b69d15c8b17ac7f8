"""Fixtures: somebody who votes, in Debian's Chromium and once more in Debian's Firefox.

Both do what a person can do, and what a test asks of one it can ask of the other (testing.tabs).
It is a phone's screen, and pages run no script. A browser is started once; a new person has it for
themselves, without cookies, and leaves before the next one comes.
"""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext
from testing.firefox import Firefox
from testing.tabs import HOSTS, Person
from testing.tabs_of_chromium import ChromiumPerson, start_chromium
from testing.tabs_of_firefox import FirefoxPerson

Come = Callable[..., Person]


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def people(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Come]:
    """As `person`, for the stories of a module: an idle browser takes its share of a core."""
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
            running[bfcache, cookies] = start_chromium(playwright, profile, bfcache, cookies)
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
