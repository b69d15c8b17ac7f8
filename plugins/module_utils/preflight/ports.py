"""Whether the ports a node is to serve are free, or held by Docker already."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

TCP_LISTEN, UDP_UNCONNECTED = "0A", "07"
# A container's control group, or that of what answers for the services to come (answer_ports.py).
CONTAINER = re.compile(r"docker[-/][0-9a-f]{64}|landslide-answer-ports-\d+\.service")
ENGINE = {"dockerd", "docker-proxy"}


@dataclass(frozen=True)
class Holder:
    """A process that holds a socket; ``docker`` for the engine and for what runs in containers."""

    pid: int
    name: str
    docker: bool


def bound_sockets(table: str) -> dict[int, set[str]]:
    """Read a table of /proc/net/{tcp,udp}{,6}: the inodes of the waiting sockets by port."""
    bound: dict[int, set[str]] = {}
    for line in table.splitlines()[1:]:
        fields = line.split()
        if fields[3] in (TCP_LISTEN, UDP_UNCONNECTED):
            bound.setdefault(int(fields[1].rsplit(":", 1)[1], 16), set()).add(fields[9])
    return bound


def read_tables(protocol: str, proc: Path = Path("/proc")) -> dict[int, set[str]]:
    """Return the sockets of ``tcp`` or ``udp``, both address families together."""
    bound: dict[int, set[str]] = {}
    for table in (proc / "net" / protocol, proc / "net" / f"{protocol}6"):
        if table.exists():
            for port, inodes in bound_sockets(table.read_text()).items():
                bound.setdefault(port, set()).update(inodes)
    return bound


def find_holders(inodes: Iterable[str], proc: Path = Path("/proc")) -> dict[str, Holder]:
    """Find the process of each socket; the kernel's own sockets have none."""
    wanted = {f"socket:[{inode}]": inode for inode in inodes}
    holders = {}
    for directory in proc.glob("[0-9]*") if wanted else ():
        with suppress(OSError):  # the process has ended, or this descriptor is closed
            for descriptor in (directory / "fd").iterdir():
                inode = wanted.get(str(descriptor.readlink()))
                if inode:
                    name = (directory / "comm").read_text().strip()
                    contained = CONTAINER.search((directory / "cgroup").read_text())
                    docker = name in ENGINE or contained is not None
                    holders[inode] = Holder(int(directory.name), name, docker)
    return holders


def port_problems(
    wanted: Iterable[str],
    bound: Mapping[str, Mapping[int, set[str]]],
    holders: Mapping[str, Holder],
) -> list[str]:
    """Judge ports such as ``80/tcp``; a process that holds one is named once.

    A socket without a process is the kernel's: a VXLAN tunnel's, and tunnels share theirs.
    """
    problems = []
    for port in wanted:
        number, protocol = port.split("/")
        inodes = bound[protocol].get(int(number), set())
        foreign = {holders[i] for i in inodes if i in holders and not holders[i].docker}
        for holder in sorted(foreign, key=lambda holder: holder.pid):
            problems.append(f"port {port} is taken by {holder.name} (process {holder.pid})")
    return problems


def check_ports(wanted: list[str]) -> list[str]:
    """Judge the ports of this machine."""
    bound = {protocol: read_tables(protocol) for protocol in ("tcp", "udp")}
    inodes: set[str] = set()
    for port in wanted:
        number, protocol = port.split("/")
        inodes |= bound[protocol].get(int(number), set())
    return port_problems(wanted, bound, find_holders(inodes))
