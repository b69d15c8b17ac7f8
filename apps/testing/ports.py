"""Ports for servers that have to be told one, and may be killed and started again on it."""

import atexit
import socket
from collections.abc import Iterator
from pathlib import Path

FIRST = 10_000
BLOCK = 500


def _blocks() -> Iterator[range]:
    """Ports that no other process of the tests gets before this one has ended.

    They lie below those that the kernel gives to connections and to whoever asks for any port. Who
    has a block holds an abstract socket of its name, which is of the same network and goes with the
    process (unix(7)).
    """
    ephemeral = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for first in range(FIRST, ephemeral - BLOCK, BLOCK):
        holder = socket.socket(socket.AF_UNIX)
        try:
            holder.bind(f"\0landslide-ports-{first}")
        except OSError:
            holder.close()
            continue
        atexit.register(holder.close)
        yield range(first, first + BLOCK)
    raise RuntimeError(f"no port from {FIRST} to {ephemeral} is left: too many tests run at once")


def _free_ports() -> Iterator[int]:
    for block in _blocks():
        for port in block:
            with socket.socket() as probe:
                try:
                    probe.bind(("", port))
                except OSError:  # some other program's
                    continue
            yield port


_ports = _free_ports()


def free_port() -> int:
    """A TCP port that nobody listens on, and nobody but the caller will while the tests run."""
    return next(_ports)
