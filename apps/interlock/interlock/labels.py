"""The `interlock.*` labels of a Swarm service: one more label is one more field of Labels.

They are those that Interlock 1.4 lists for HAProxy, with their meaning, and two more: `default` and
`max_connections`. docs/interlock.md has the same table.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from . import values
from .values import LabelError

PREFIX = "interlock."


class Label(NamedTuple):
    """A row of the table: `value` and `means` are Markdown.

    `read` makes of the text of a label what it stands for, or raises LabelError. One that is
    `numbered` may come as NAME and as NAME.N, and stands for all of these, in their order.
    """

    name: str
    value: str
    means: str
    default: Any
    read: Callable[[str, str], Any]
    numbered: bool = False

    def found(self, ours: Mapping[str, str]) -> Any:
        """What the labels, by their names without the prefix, say; else the default."""
        if self.numbered:
            # Sorted, so that of N written in two ways the same one wins each time.
            names = sorted(ours)
            numbers = {number: name for name in names if (number := self.number(name)) is not None}
            return tuple(self.read(numbers[n], ours[numbers[n]]) for n in sorted(numbers))
        return self.read(self.name, ours[self.name]) if self.name in ours else self.default

    @property
    def shown(self) -> str:
        """The default, in Markdown; nothing where there is none."""
        if self.default in (None, "", ()):
            return ""
        return f"`{str(self.default).lower()}`"

    def number(self, name: str) -> int | None:
        """The N of NAME.N, 0 for NAME; None for another label's name."""
        stem, dot, number = name.partition(".")
        if stem != self.name or bool(dot) != values.is_number(number):
            return None
        return int(number or 0)


def _label(
    default: Any,
    value: str,
    means: str,
    read: Callable[[str, str], Any],
    numbered: bool = False,
) -> Any:
    row = (value, means, default, read, numbered)
    return dataclasses.field(default=default, metadata={"row": row})


def _words(words: tuple[str, ...]) -> str:
    return ", ".join(f"`{word}`" for word in words)


_BOOLEAN = "`true`, `false`"


@dataclass(frozen=True)
class Labels:
    """What a service asks for: a label, its default, what it may be, what it means, how it is read.

    It is reached by `hosts`, which HOSTS make, or, where there is one, by the path `context_root`.
    """

    hosts: tuple[str, ...]
    context_root: str | None = _label(
        None,
        "`/shop`",
        "reached by this path, at each host that no service has, instead of by a host name",
        values.context_root,
    )
    context_root_rewrite: bool = _label(
        False, _BOOLEAN, "take the path off before the service sees it", values.boolean
    )
    port: int | None = _label(
        None, "`80`", "the container's port, where several are published", values.up_to(65535)
    )
    network: str = _label(
        "",
        "`mynet`",
        "nothing: servers are ports of nodes, and no network of Docker's is joined",
        values.network,
    )
    ssl_only: bool = _label(False, _BOOLEAN, "HTTPS only, see below", values.boolean)
    ssl_backend: bool = _label(False, _BOOLEAN, "the containers speak HTTPS", values.boolean)
    ssl_backend_tls_verify: str = _label(
        "none",
        _words(values.TLS_VERIFY),
        "whether their certificate has to be one of a public authority, for the first host name",
        values.one_of(values.TLS_VERIFY),
    )
    health_check: str | None = _label(
        None,
        "`/healthz`",
        "this path has to answer 200; without the label, the port has to accept",
        values.health_check,
    )
    # In milliseconds.
    health_check_interval: int = _label(1000, "`5000`, `500ms`, `5s`", "how often", values.interval)
    balance_algorithm: str = _label(
        "roundrobin",
        _words(values.BALANCE_ALGORITHMS),
        "which container gets the next request",
        values.one_of(values.BALANCE_ALGORITHMS),
    )
    backend_option: tuple[str, ...] = _label(
        (),
        _words(values.BACKEND_OPTIONS),
        "an `option` of HAProxy's; no other one",
        values.one_of(values.BACKEND_OPTIONS),
        numbered=True,
    )
    default: bool = _label(
        False,
        _BOOLEAN,
        "takes what no other service does; ours, not Interlock 1.4's",
        values.boolean,
    )
    max_connections: int | None = _label(
        None,
        "`500`",
        "requests that a container has in hand at once; ours, too",
        values.up_to(1_000_000),
    )

    languages: tuple[str, ...] = _label(
        (),
        "`en,de`",
        "the languages that its pages have, its own first: `Accept-Language` is the one of these"
        " that a visitor would rather read; ours, too",
        values.languages,
    )

    @property
    def tls_verify(self) -> str | None:
        """One of TLS_VERIFY, or None where the servers speak plain HTTP."""
        return self.ssl_backend_tls_verify if self.ssl_backend else None

    @property
    def routes(self) -> tuple[str, ...]:
        """What no two services can have: host names or a path, and to be the default."""
        own = self.hosts if self.context_root is None else (self.context_root,)
        return (*own, "what nobody else takes") if self.default else own


HOSTS = (
    Label("hostname", "`shop`", "the first part of the host name", "", values.words),
    Label("domain", "`example.org`", "the rest of it, after a dot", "", values.words),
    Label("alias_domain", "`www.example.org`", "one more host name", (), values.words, True),
)
_OWN = {
    field.name: Label(field.name, *field.metadata["row"])
    for field in dataclasses.fields(Labels)
    if field.metadata
}
TABLE = (*HOSTS, *_OWN.values())


def parse(labels: Mapping[str, str]) -> Labels | None:
    """Labels of a service, or None where it is to be reached by nothing. Raises LabelError."""
    ours = {k.removeprefix(PREFIX): v for k, v in labels.items() if k.startswith(PREFIX)}
    hostname, domain, aliases = (label.found(ours) for label in HOSTS)
    main = ".".join(filter(None, (hostname, domain)))
    hosts = tuple(dict.fromkeys(values.host(host) for host in (main, *aliases) if host))
    if not hosts and _OWN["context_root"].found(ours) is None:
        return None
    return Labels(hosts, **{name: label.found(ours) for name, label in _OWN.items()})


def unknown(labels: Mapping[str, str]) -> tuple[str, ...]:
    """Names of labels that look like ours and mean nothing here: mostly typing errors."""
    return tuple(
        name
        for name in sorted(labels)
        if name.startswith(PREFIX) and not _is_known(name.removeprefix(PREFIX))
    )


def _is_known(name: str) -> bool:
    return any(
        name == label.name or (label.numbered and label.number(name) is not None) for label in TABLE
    )


__all__ = ["TABLE", "Label", "LabelError", "Labels", "parse", "unknown"]
