"""What a voter's browser keeps: the cookies of one site, and what a form says. No I/O."""

import re
from typing import NamedTuple

NAMES = ("__Host-voter", "voter-any")
COOKIE = re.compile(r"([^=;\s]+)=([^;\s]*)(.*)", re.DOTALL)


class State(NamedTuple):
    """What a cookie says: whose it is, and two times in microseconds, 0 for none.

    `acknowledged` is the cast time of the last vote that has a receipt, `last` the latest cast time
    that was ever answered.
    """

    voter: str
    acknowledged: int
    last: int


def state(cookie: str) -> State:
    """Read `3.VOTER.ACKNOWLEDGED.LAST.CHOICE.MAC`; ValueError for another version."""
    version, voter, acknowledged, last, *_ = cookie.split(".")
    if version != "3":
        raise ValueError(f"a cookie of version {version}")
    return State(voter, int(acknowledged), int(last))


class Browser:
    """The cookies of one browser, by RFC 6265bis as far as it matters between two schemes.

    What is Secure is not sent by HTTP, and nothing that comes by HTTP takes its place (5.6).
    """

    def __init__(self, name: str, cookie: str) -> None:
        self.voter = state(cookie).voter
        self._jar = {name: (cookie, name.startswith("__Host-"))}

    def header(self, https: bool) -> str:
        """The value of the header Cookie; empty where there is nothing to send."""
        return "; ".join(
            f"{name}={value}" for name, (value, secure) in self._jar.items() if https or not secure
        )

    def state(self, https: bool) -> State:
        """What the page knows that a frontend makes for these cookies."""
        for name in NAMES:
            value, secure = self._jar.get(name, ("", False))
            if value and (https or not secure):
                return state(value)
        return State("", 0, 0)

    def take(self, header: str, https: bool) -> State:
        """Keep the cookie of a Set-Cookie, if a browser would; return what it says."""
        match = COOKIE.match(header)
        if match is None:
            raise ValueError(f"no cookie: {header}")
        name, value, flags = match.groups()
        secure = "secure" in flags.lower()
        if not https and (secure or self._jar.get(name, ("", False))[1]):
            return state(value)
        self._jar[name] = value, secure
        return state(value)
