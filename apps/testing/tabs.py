"""What people do with a browser, whichever it is; see testing.people."""

from typing import NamedTuple, Protocol

from .waiting import wait_until

# Names of this machine. To a browser they are one site, and may set each other's cookies.
HOSTS = ("vote.example.test", "safe.example.test", "evil.example.test")
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


def wait_for(tab: Tab, text: str) -> None:
    """Until the page says `text`."""
    wait_until(lambda: text in tab.text(), SECONDS)
