"""The `interlock.*` labels of a Swarm service. One more label is one more field and parser.

They are those that Interlock 1.4 lists for HAProxy, with their meaning, and two more: `default` and
`max_connections`. A value becomes a word of HAProxy's configuration, so each parser says what may
stand there, and whatever else is a LabelError.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

PREFIX = "interlock."
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

_KNOWN = {
    *("hostname", "domain", "port", "network", "context_root", "context_root_rewrite"),
    *("ssl_only", "ssl_backend", "ssl_backend_tls_verify"),
    *("health_check", "health_check_interval", "balance_algorithm", "default", "max_connections"),
}
_NUMBERED = re.compile(r"(alias_domain|backend_option)(\.\d{1,9})?", re.ASCII)
_HOST_PART = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}$){_HOST_PART}(\.{_HOST_PART})*")
# No percent sign: it would have to be compared decoded. No dot segment: no request has one.
_CONTEXT_ROOT = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)+")
_NETWORK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
# With the words that Interlock 1.4 wanted before the path, or without. It must fit HAProxy's line.
_HEALTH_CHECK = re.compile(r"(?:httpchk (?:GET )?)?(/[!-~]{0,1000})")
_INTERVAL = re.compile(r"([0-9]{1,7})(ms|s)?")
_INTERVALS = range(100, 3_600_001)


class LabelError(ValueError):
    """A label's value cannot be used; the text says which and why."""


@dataclass(frozen=True)
class Labels:
    """What a service asks for.

    It is reached by `hosts`, or, where there is one, by the path `context_root` instead, which has
    no slash at its end. `port` is the container's; None where there is only one. `tls_verify` is
    one of TLS_VERIFY, or None where the servers speak plain HTTP. The interval is in ms.
    """

    hosts: tuple[str, ...]
    context_root: str | None = None
    context_root_rewrite: bool = False
    port: int | None = None
    ssl_only: bool = False
    tls_verify: str | None = None
    health_check: str | None = None
    health_check_interval: int = 1000
    balance: str = "roundrobin"
    options: tuple[str, ...] = ()
    max_connections: int | None = None
    default: bool = False

    @property
    def routes(self) -> tuple[str, ...]:
        """What no two services can have: host names or a path, and to be the default."""
        own = self.hosts if self.context_root is None else (self.context_root,)
        return (*own, "what nobody else takes") if self.default else own


def parse(labels: Mapping[str, str]) -> Labels | None:
    """Labels of a service, or None where it is to be reached by nothing. Raises LabelError."""
    ours = {k.removeprefix(PREFIX): v for k, v in labels.items() if k.startswith(PREFIX)}
    hosts = _hosts(ours)
    context_root = _context_root(ours)
    if not hosts and context_root is None:
        return None
    # Servers are ports of nodes, on no network of Docker's: the label may stand, and does nothing.
    _matching(_NETWORK, "network", ours.get("network", "none"), "network's name")
    verify = _one_of(
        "ssl_backend_tls_verify", ours.get("ssl_backend_tls_verify", "none"), TLS_VERIFY
    )
    return Labels(
        hosts=hosts,
        context_root=context_root,
        context_root_rewrite=_boolean("context_root_rewrite", ours),
        port=_number("port", ours, 65535),
        ssl_only=_boolean("ssl_only", ours),
        tls_verify=verify if _boolean("ssl_backend", ours) else None,
        health_check=_health_check(ours),
        health_check_interval=_interval(ours),
        balance=_one_of(
            "balance_algorithm", ours.get("balance_algorithm", "roundrobin"), BALANCE_ALGORITHMS
        ),
        options=tuple(
            _one_of(name, value, BACKEND_OPTIONS) for name, value in _all("backend_option", ours)
        ),
        max_connections=_number("max_connections", ours, 1_000_000),
        default=_boolean("default", ours),
    )


def unknown(labels: Mapping[str, str]) -> tuple[str, ...]:
    """Names of labels that look like ours and mean nothing here: mostly typing errors."""
    return tuple(
        name
        for name in sorted(labels)
        if name.startswith(PREFIX)
        and (short := name.removeprefix(PREFIX)) not in _KNOWN
        and not _NUMBERED.fullmatch(short)
    )


def _all(stem: str, ours: Mapping[str, str]) -> list[tuple[str, str]]:
    """The labels STEM and STEM.N with their values, by N."""
    found = {
        int((match[2] or ".0")[1:]): (name, value)
        for name, value in sorted(ours.items())
        if (match := _NUMBERED.fullmatch(name)) and match[1] == stem
    }
    return [found[number] for number in sorted(found)]


def _hosts(ours: Mapping[str, str]) -> tuple[str, ...]:
    main = ".".join(part for part in (ours.get("hostname"), ours.get("domain")) if part)
    aliases = [value for _, value in _all("alias_domain", ours)]
    hosts = [host.lower() for host in (main, *aliases) if host]
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise LabelError(f"{host!r} is no host name")
    return tuple(dict.fromkeys(hosts))


def _context_root(ours: Mapping[str, str]) -> str | None:
    value = ours.get("context_root", "").removesuffix("/")
    # HAProxy's line takes some 2,000 characters, and the root stands in it twice.
    if value and (len(value) > 500 or not _CONTEXT_ROOT.fullmatch(value)):
        raise LabelError(f"context_root {value!r} is no plain path")
    return value or None


def _health_check(ours: Mapping[str, str]) -> str | None:
    value = ours.get("health_check")
    if value is None:
        return None
    return _matching(_HEALTH_CHECK, "health_check", value, "path")[1]


def _interval(ours: Mapping[str, str]) -> int:
    value = ours.get("health_check_interval", "1s")
    number, unit = _matching(
        _INTERVAL, "health_check_interval", value, "number of ms, or of s with the unit"
    ).groups()
    milliseconds = int(number) * (1000 if unit == "s" else 1)
    if milliseconds not in _INTERVALS:
        raise LabelError(f"health_check_interval {value!r} is not between 100ms and 3600s")
    return milliseconds


def _number(name: str, ours: Mapping[str, str], largest: int) -> int | None:
    value = ours.get(name)
    if value is None:
        return None
    if not re.fullmatch(r"[0-9]{1,7}", value) or not 1 <= int(value) <= largest:
        raise LabelError(f"{name} {value!r} is no number from 1 to {largest}")
    return int(value)


def _boolean(name: str, ours: Mapping[str, str]) -> bool:
    value = ours.get(name, "false").lower()
    if value not in ("true", "false"):
        raise LabelError(f"{name} {ours[name]!r} is neither true nor false")
    return value == "true"


def _one_of(name: str, value: str, words: tuple[str, ...]) -> str:
    if value not in words:
        raise LabelError(f"{name} {value!r} is none of {', '.join(words)}")
    return value


def _matching(pattern: re.Pattern[str], name: str, value: str, what: str) -> re.Match[str]:
    found = pattern.fullmatch(value)
    if found is None:
        raise LabelError(f"{name} {value!r} is no {what}")
    return found
