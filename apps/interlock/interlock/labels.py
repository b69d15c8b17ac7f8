"""The `interlock.*` labels of a Swarm service. One more label is one more field and parser."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

PREFIX = "interlock."
# Only these take servers at run time (HAProxy management guide, "add server").
BALANCE_ALGORITHMS = ("roundrobin", "leastconn", "first", "random")

_KNOWN = {"hostname", "domain", "port", "health_check", "balance_algorithm", "default"}
_ALIAS = re.compile(r"alias_domain\.\d+")
_HOST_PART = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}$){_HOST_PART}(\.{_HOST_PART})*")
_PATH = re.compile(r"/[!-~]*")


class LabelError(ValueError):
    """A label's value cannot be used; the text says which and why."""


@dataclass(frozen=True)
class Labels:
    """What a service asks for. `port` is the container's port; None where there is only one."""

    hosts: tuple[str, ...]
    port: int | None
    health_check: str | None
    balance: str
    default: bool


def parse(labels: Mapping[str, str]) -> Labels | None:
    """Labels of a service, or None where it names no host. Raises LabelError."""
    ours = {k.removeprefix(PREFIX): v for k, v in labels.items() if k.startswith(PREFIX)}
    hosts = _hosts(ours)
    if not hosts:
        return None
    return Labels(
        hosts=hosts,
        port=_port(ours.get("port")),
        health_check=_health_check(ours.get("health_check")),
        balance=_balance(ours.get("balance_algorithm", "roundrobin")),
        default=_boolean("default", ours.get("default", "false")),
    )


def unknown(labels: Mapping[str, str]) -> tuple[str, ...]:
    """Names of labels that look like ours and mean nothing here: mostly typing errors."""
    return tuple(
        name
        for name in sorted(labels)
        if name.startswith(PREFIX)
        and (short := name.removeprefix(PREFIX)) not in _KNOWN
        and not _ALIAS.fullmatch(short)
    )


def _hosts(ours: Mapping[str, str]) -> tuple[str, ...]:
    main = ".".join(part for part in (ours.get("hostname"), ours.get("domain")) if part)
    aliases = [value for name, value in sorted(ours.items()) if _ALIAS.fullmatch(name)]
    hosts = [host.lower() for host in (main, *aliases) if host]
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise LabelError(f"{host!r} is no host name")
    return tuple(dict.fromkeys(hosts))


def _port(value: str | None) -> int | None:
    if value is None:
        return None
    if not re.fullmatch(r"[0-9]{1,5}", value) or not 1 <= int(value) <= 65535:
        raise LabelError(f"port {value!r} is no port number")
    return int(value)


def _health_check(value: str | None) -> str | None:
    if value is not None and not _PATH.fullmatch(value):
        raise LabelError(f"health_check {value!r} is no path")
    return value


def _balance(value: str) -> str:
    if value not in BALANCE_ALGORITHMS:
        raise LabelError(f"balance_algorithm {value!r} is none of {', '.join(BALANCE_ALGORITHMS)}")
    return value


def _boolean(name: str, value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise LabelError(f"{name} {value!r} is neither true nor false")
    return value.lower() == "true"
