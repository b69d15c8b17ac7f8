"""What may stand in a label.

A value becomes a word of HAProxy's configuration, so each function says what it takes, and raises
LabelError for whatever else.
"""

import re
from collections.abc import Callable

# Only these take servers at run time (HAProxy management guide, "add server").
BALANCE_ALGORITHMS = ("roundrobin", "leastconn", "first", "random")
# Words after `option` in a backend that neither take arguments, nor undo what keeps votes safe, nor
# reach beyond the backend. X-Forwarded-For is always set: `forwardfor` would say it twice.
BACKEND_OPTIONS = (
    *("abortonclose", "allbackups", "checkcache", "http-keep-alive", "http-no-delay"),
    *("http-pretend-keepalive", "http-server-close", "httpclose", "independent-streams"),
    *("log-health-checks", "prefer-last-server", "srvtcpka", "tcp-smart-connect", "tcpka"),
)
TLS_VERIFY = ("none", "required")

_HOST_PART = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}$){_HOST_PART}(\.{_HOST_PART})*")
# No percent sign: it would have to be compared decoded. No dot segment: no request has one.
_CONTEXT_ROOT = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)+")
_NETWORK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
# With the words that Interlock 1.4 wanted before the path, or without. It must fit HAProxy's line.
_HEALTH_CHECK = re.compile(r"(?:httpchk (?:GET )?)?(/[!-~]{0,1000})")
_LANGUAGES = re.compile(r"[a-z]{2,8}(-[a-z0-9]{1,8})*")
_INTERVAL = re.compile(r"([0-9]{1,7})(ms|s)?")
_INTERVALS = range(100, 3_600_001)


class LabelError(ValueError):
    """A label's value cannot be used; the text says which and why."""


def is_number(text: str) -> bool:
    """Whether this is the N of a label's name: 0, 1, ..."""
    return re.fullmatch(r"[0-9]{1,9}", text) is not None


def words(name: str, value: str) -> str:
    """A part of a host name, of which only the whole can be judged."""
    return value


def host(value: str) -> str:
    """A host name in small letters."""
    small = value.lower()
    if not _HOST.fullmatch(small):
        raise LabelError(f"{small!r} is no host name")
    return small


def context_root(name: str, value: str) -> str | None:
    """A path without a slash at its end; None for the root."""
    path = value.removesuffix("/")
    # HAProxy's line takes some 2,000 characters, and the root stands in it twice.
    if path and (len(path) > 500 or not _CONTEXT_ROOT.fullmatch(path)):
        raise LabelError(f"{name} {path!r} is no plain path")
    return path or None


def network(name: str, value: str) -> str:
    return _matching(_NETWORK, name, value, "network's name")[0]


def health_check(name: str, value: str) -> str:
    """The path alone."""
    return _matching(_HEALTH_CHECK, name, value, "path")[1]


def interval(name: str, value: str) -> int:
    """Milliseconds."""
    what = "number of ms, or of s with the unit"
    number, unit = _matching(_INTERVAL, name, value, what).groups()
    milliseconds = int(number) * (1000 if unit == "s" else 1)
    if milliseconds not in _INTERVALS:
        raise LabelError(f"{name} {value!r} is not between 100ms and 3600s")
    return milliseconds


def languages(name: str, value: str) -> tuple[str, ...]:
    """Tags as Accept-Language has them, in small letters; HAProxy's line takes some of them."""
    if len(value) > 500:
        raise LabelError(f"{name} has more than 500 characters")
    words = (word.strip() for word in value.split(",") if value)
    return tuple(_matching(_LANGUAGES, name, word, "language")[0] for word in words)


def boolean(name: str, value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise LabelError(f"{name} {value!r} is neither true nor false")
    return value.lower() == "true"


def up_to(largest: int) -> Callable[[str, str], int]:
    """Whole numbers from 1 to `largest`."""

    def read(name: str, value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,7}", value) or not 1 <= int(value) <= largest:
            raise LabelError(f"{name} {value!r} is no number from 1 to {largest}")
        return int(value)

    return read


def one_of(known: tuple[str, ...]) -> Callable[[str, str], str]:
    """One of these words."""

    def read(name: str, value: str) -> str:
        if value not in known:
            raise LabelError(f"{name} {value!r} is none of {', '.join(known)}")
        return value

    return read


def _matching(pattern: re.Pattern[str], name: str, value: str, what: str) -> re.Match[str]:
    found = pattern.fullmatch(value)
    if found is None:
        raise LabelError(f"{name} {value!r} is no {what}")
    return found
