"""From what should be to what is, in HAProxy's runtime commands. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .edge import Site
from .render import endpoint, own_option, server_options
from .topology import Server, Topology

# Bits of srv_admin_state (HAProxy management guide, "show servers state").
FORCED_MAINT = 0x01
FORCED_DRAIN = 0x08

# Backend and server; HAProxy writes them with a slash.
Key = tuple[str, str]


@dataclass(frozen=True)
class Present:
    """A server that HAProxy has; `busy` counts its connections that serve a request."""

    address: str
    port: int
    admin_state: int
    busy: int


@dataclass(frozen=True)
class Wanted:
    """A server that HAProxy is to have; `options` are for `add server`."""

    server: Server
    options: str


def desired(site: Site, topology: Topology) -> dict[Key, Wanted]:
    """The topology's servers by backend and name."""
    return {
        (service.name, server.name): Wanted(server, options + own_option(service, server))
        for service in topology.services
        if (options := server_options(site, service))
        for server in service.servers
    }


def plan(
    wanted: Mapping[Key, Wanted], present: Mapping[Key, Present], overdue: frozenset[Key]
) -> tuple[str, ...]:
    """Commands towards `wanted`; nothing where it is reached.

    Removing takes several rounds: drain, then look again until no connection is busy or the
    server is in `overdue`, then maintenance and delete. New servers come first, so that a
    replacement is there before the old one drains.
    """
    commands: list[str] = []
    for key in sorted(wanted.keys() - present.keys()):
        commands += _add(key, wanted[key])
    for key in sorted(wanted.keys() & present.keys()):
        commands += _adjust(key, wanted[key].server, present[key])
    for key in sorted(present.keys() - wanted.keys()):
        commands += _remove(key, present[key], key in overdue)
    return tuple(commands)


def _add(key: Key, wanted: Wanted) -> Iterator[str]:
    yield f"add server {_name(key)} {endpoint(wanted.server)} {wanted.options}"
    yield from _admit(key)


def _admit(key: Key) -> Iterator[str]:
    # A server added at run time starts in maintenance with its checks off.
    yield f"enable health {_name(key)}"
    yield f"set server {_name(key)} state ready"


def _adjust(key: Key, server: Server, now: Present) -> Iterator[str]:
    if (now.address, now.port) != (server.address, server.port):
        yield f"set server {_name(key)} addr {server.address} port {server.port}"
    if now.admin_state:
        yield from _admit(key)


def _remove(key: Key, now: Present, overdue: bool) -> Iterator[str]:
    if now.admin_state & FORCED_MAINT:
        yield f"del server {_name(key)}"
    elif not now.admin_state & FORCED_DRAIN:
        yield f"set server {_name(key)} state drain"
    elif overdue or not now.busy:
        yield f"set server {_name(key)} state maint"
        if now.busy:
            yield f"shutdown sessions server {_name(key)}"
        yield f"del server {_name(key)}"


def _name(key: Key) -> str:
    return "/".join(key)
