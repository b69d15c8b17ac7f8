"""Whether packets of full size reach the other nodes whole, by ICMP echo (RFC 792).

Bare nodes have no ping command. A tunnel that drops large packets lets small ones through, so a
Swarm forms, and then hangs: hence the size.
"""

from __future__ import annotations

import os
import select
import socket
import struct
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress

IP_HEADER, ICMP_HEADER = 20, 8
ECHO_REQUEST, ECHO_REPLY = 8, 0
IP_MTU_DISCOVER, IP_PMTUDISC_DO = 10, 2
# Sizes tried to tell a small MTU from silence: PPPoE, Google's cloud, VXLAN, WireGuard, the least.
SMALLER = (1492, 1460, 1450, 1420, 1400, 1280, 576)
ROUNDS, ROUND_SECONDS = 4, 0.5


def checksum(data: bytes) -> int:
    """Return the Internet checksum (RFC 1071) of an even number of bytes, or of one more."""
    total: int = sum(struct.unpack(f">{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def echo_request(identifier: int, size: int) -> bytes:
    """Build an echo request that makes an IP packet of ``size`` bytes."""
    payload = bytes(size - IP_HEADER - ICMP_HEADER)
    blank = struct.pack(">BBHHH", ECHO_REQUEST, 0, 0, identifier, 0) + payload
    return struct.pack(">BBHHH", ECHO_REQUEST, 0, checksum(blank), identifier, 0) + payload


def reply_size(packet: bytes, identifier: int) -> int:
    """Return the size of the IP packet if it is an answer to one of ours, else 0."""
    start = (packet[0] & 0x0F) * 4
    if len(packet) < start + ICMP_HEADER:
        return 0
    kind, _, _, found, _ = struct.unpack_from(">BBHHH", packet, start)
    return len(packet) if kind == ECHO_REPLY and found == identifier else 0


class Prober:
    """A raw socket that sends unfragmentable echo requests and keeps the largest answers."""

    def __init__(self, source: str, addresses: Iterable[str]) -> None:
        self.answered = dict.fromkeys(addresses, 0)
        self.identifier = os.getpid() & 0xFFFF
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self.socket.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
        self.socket.bind((source, 0))

    def send(self, address: str, size: int) -> None:
        """Send one request, and read what has come in so that the buffer never overflows."""
        with suppress(OSError):  # no route, or too long for it: what is not sent is not answered
            self.socket.sendto(echo_request(self.identifier, size), (address, 0))
        self.receive(0)

    def receive(self, seconds: float) -> None:
        """Wait up to ``seconds`` for an answer, then take in all that have come."""
        while select.select([self.socket], [], [], seconds)[0]:
            packet, (address, _) = self.socket.recvfrom(65535)
            size = reply_size(packet, self.identifier)
            if address in self.answered:
                self.answered[address] = max(self.answered[address], size)
            seconds = 0

    def silent(self, size: int) -> list[str]:
        """Return the addresses that have not answered a packet of ``size`` bytes."""
        return [address for address, largest in self.answered.items() if largest < size]


def largest_answers(source: str, addresses: Iterable[str], size: int) -> dict[str, int]:
    """Return the largest packet (bytes, at most ``size``) each address answered, 0 for none.

    Takes as long as the slowest answer, and 2 seconds at most.
    """
    prober = Prober(source, addresses)
    with prober.socket:
        for round_number in range(ROUNDS):
            sizes = [size, *(smaller for smaller in SMALLER if round_number and smaller < size)]
            for address in prober.silent(size):
                for each in sizes:
                    prober.send(address, each)
            end = time.monotonic() + ROUND_SECONDS
            while prober.silent(size) and (left := end - time.monotonic()) > 0:
                prober.receive(left)
    return prober.answered


def reach_problems(names: Mapping[str, str], answers: Mapping[str, int], size: int) -> list[str]:
    """Judge the answers; ``names`` maps the peers' names to their addresses."""
    problems = []
    for name, address in names.items():
        largest = answers[address]
        if not largest:
            problems.append(f"{name} ({address}) does not answer ICMP echo requests")
        elif largest < size:
            problems.append(
                f"{name} ({address}) answers packets of {largest} bytes, but none of {size} bytes "
                "that must not be fragmented: something on the way has a smaller MTU. Raise it, "
                f"or set swarm_network_mtu to {largest}"
            )
    return problems
