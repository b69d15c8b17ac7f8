"""Whether the ports that other nodes serve can be reached from this one.

On each of them roles/preflight/files/answer_ports.py answers for what does not run yet.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress

BLOCKED = "cannot reach"
MARK = b"\0landslide"
SECONDS = 4.0  # a lost SYN is sent again after 1 s and after 3 s
ROUNDS = 8
AT_ONCE = 200


async def answers_tcp(source: str, address: str, port: int, seconds: float) -> bool:
    """Tell whether a connection comes about."""
    own = (source, 0) if source else None
    connection = asyncio.open_connection(address, port, local_addr=own)
    try:
        _, writer = await asyncio.wait_for(connection, seconds)
    except OSError:  # a TimeoutError is one
        return False
    writer.close()
    return True


async def answers_udp(source: str, address: str, port: int, seconds: float) -> bool:
    """Tell whether a datagram is sent back."""
    loop = asyncio.get_running_loop()
    # Not connected: that nobody but the raw socket has the port is told as an error otherwise.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.setblocking(False)
        probe.bind((source, 0))
        for _ in range(ROUNDS):
            with suppress(OSError):  # what cannot be sent, or comes too late, is no answer
                probe.sendto(MARK, (address, port))
                await asyncio.wait_for(loop.sock_recv(probe, len(MARK)), seconds / ROUNDS)
                return True
    return False


async def answers(
    source: str, ports: Sequence[tuple[str, str]], seconds: float = SECONDS
) -> list[bool]:
    """Try all of ``ports``, each an address with a port such as 2377/tcp, side by side.

    ``source`` is an address of this machine, "" for any. Takes as long as the slowest answer, and
    ``seconds`` at most for each 200 ports.
    """
    free = asyncio.Semaphore(AT_ONCE)

    async def answers_one(address: str, port: str) -> bool:
        number, protocol = port.split("/")
        attempt = answers_tcp if protocol == "tcp" else answers_udp
        async with free:
            return await attempt(source, address, int(number), seconds)

    return await asyncio.gather(*(answers_one(*port) for port in ports))


def unanswered_ports(
    source: str, peers: Mapping[str, str], ports: Mapping[str, Sequence[str]]
) -> dict[str, list[str]]:
    """Return the ports of each peer, by its name, that do not answer to ``source``."""
    wanted = [(name, port) for name, listed in ports.items() for port in listed]
    good = asyncio.run(answers(source, [(peers[name], port) for name, port in wanted]))
    silent: dict[str, list[str]] = {}
    for (name, port), answered in zip(wanted, good, strict=True):
        if not answered:
            silent.setdefault(name, []).append(port)
    return silent


def probe_problems(peers: Mapping[str, str], silent: Mapping[str, Sequence[str]]) -> list[str]:
    """Say which ports cannot be reached; ``peers`` maps the peers' names to their addresses."""
    return [
        f"{BLOCKED} {name} ({peers[name]}) on port {', '.join(ports)}"
        for name, ports in silent.items()
    ]
