"""Asks the kernel for the iptables extensions that Docker's rules use, over netlink.

Bare nodes have no iptables command yet. This is the question that iptables-nft itself asks
(linux/netfilter/nf_tables_compat.h, NFNL_MSG_COMPAT_GET); it changes no rule.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable

NETLINK_NETFILTER = 12
NFNL_SUBSYS_NFT_COMPAT = 11
NLM_F_REQUEST_ACK = 1 | 4
NLMSG_ERROR = 2
NFTA_COMPAT_NAME, NFTA_COMPAT_REV, NFTA_COMPAT_TYPE = 1, 2, 3
HEADER = struct.Struct("=IHHII")
MATCH, TARGET = 0, 1
EXTENSIONS = (
    ("MASQUERADE", 0, TARGET),
    ("DNAT", 0, TARGET),
    ("addrtype", 1, MATCH),
    ("conntrack", 1, MATCH),
)


def question(name: str, revision: int, kind: int) -> bytes:
    """Build the netlink message that asks for one extension."""
    body = struct.pack("=BBH", socket.AF_INET, 0, 0)
    for attribute, value in (
        (NFTA_COMPAT_NAME, name.encode() + b"\0"),
        (NFTA_COMPAT_REV, struct.pack(">I", revision)),
        (NFTA_COMPAT_TYPE, struct.pack(">I", kind)),
    ):
        padding = b"\0" * (-len(value) % 4)
        body += struct.pack("=HH", 4 + len(value), attribute) + value + padding
    message_type = NFNL_SUBSYS_NFT_COMPAT << 8
    return HEADER.pack(HEADER.size + len(body), message_type, NLM_F_REQUEST_ACK, 1, 0) + body


def answer_error(message: bytes) -> str:
    """Return the error an answer carries, "" for none."""
    if HEADER.unpack_from(message)[1] != NLMSG_ERROR:
        return ""
    code: int = -struct.unpack_from("=i", message, HEADER.size)[0]
    return os.strerror(code) if code else ""


def ask(name: str, revision: int, kind: int) -> str:
    """Ask this kernel for one extension; return the error, "" if it is there."""
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as netlink:
            netlink.settimeout(5)
            netlink.bind((0, 0))
            netlink.send(question(name, revision, kind))
            return answer_error(netlink.recv(8192))
    except OSError as error:
        return str(error)


def netfilter_problems(attempt: Callable[[str, int, int], str] = ask) -> list[str]:
    """Say which extensions are missing, all in one sentence."""
    errors = {name: attempt(name, revision, kind) for name, revision, kind in EXTENSIONS}
    missing = [f"{name} ({error})" for name, error in errors.items() if error]
    if not missing:
        return []
    return [f"the kernel lacks what Docker's firewall rules need: {', '.join(missing)}"]
