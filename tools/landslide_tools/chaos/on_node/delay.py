"""Holds packets back, where the kernel has no netem: all that iptables sends to a queue.

    delay.py QUEUE MILLISECONDS

The kernel tells of each packet by netlink, without what is in it, and keeps it until it is told
what to do with it: linux/netfilter/nfnetlink_queue.h, linux/netfilter/nfnetlink.h.
"""

import select
import socket
import struct
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator

NETLINK_NETFILTER, SOL_NETLINK, NETLINK_NO_ENOBUFS = 12, 270, 5
SO_RCVBUFFORCE, NLM_F_REQUEST = 33, 1
# Messages of NFNL_SUBSYS_QUEUE (3), and their attributes.
PACKET, VERDICT, CONFIG = 0x300, 0x301, 0x302
NFQA_PACKET_HDR, NFQA_VERDICT_HDR = 1, 2
NFQA_CFG_CMD, NFQA_CFG_PARAMS, NFQA_CFG_QUEUE_MAXLEN = 1, 2, 3
NFQNL_CFG_CMD_BIND, NFQNL_COPY_META, NF_ACCEPT = 1, 1, 1
MOST_PACKETS = 100_000
BUFFER_BYTES = 1 << 24


def message(kind: int, queue: int, attribute: int, value: bytes) -> bytes:
    """Return a message with one attribute, which is padded to four bytes."""
    text = struct.pack("=HH", 4 + len(value), attribute) + value + bytes(-len(value) % 4)
    header = struct.pack("=IHHIIBB", 20 + len(text), kind, NLM_F_REQUEST, 0, 0, 0, 0)
    return header + struct.pack(">H", queue) + text


def packets(data: bytes) -> Iterator[int]:
    """Yield the number of each packet that is told of."""
    place = 0
    while place < len(data):
        length, kind = struct.unpack_from("=IH", data, place)
        attribute, end = place + 20, place + length
        while kind == PACKET and attribute < end:
            size, name = struct.unpack_from("=HH", data, attribute)
            if name == NFQA_PACKET_HDR:
                yield struct.unpack_from(">I", data, attribute + 4)[0]
            attribute += size + -size % 4
        place += length + -length % 4


def main() -> None:
    """Let every packet go after its time."""
    queue, delay = int(sys.argv[1]), int(sys.argv[2]) / 1000
    netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    netlink.bind((0, 0))
    netlink.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
    # What does not fit into the buffer is lost, as on a line.
    netlink.setsockopt(SOL_NETLINK, NETLINK_NO_ENOBUFS, 1)
    for attribute, value in (
        (NFQA_CFG_CMD, struct.pack(">BxH", NFQNL_CFG_CMD_BIND, socket.AF_INET)),
        (NFQA_CFG_PARAMS, struct.pack(">IB", 0, NFQNL_COPY_META)),
        (NFQA_CFG_QUEUE_MAXLEN, struct.pack(">I", MOST_PACKETS)),
    ):
        netlink.send(message(CONFIG, queue, attribute, value))
    subprocess.run(["systemd-notify", "--ready"], check=True)
    held: deque[tuple[float, int]] = deque()
    while True:
        wait = max(0.0, held[0][0] - time.monotonic()) if held else None
        if select.select([netlink], [], [], wait)[0]:
            data = netlink.recv(BUFFER_BYTES)
            held.extend((time.monotonic() + delay, packet) for packet in packets(data))
        while held and held[0][0] <= time.monotonic():
            verdict = struct.pack(">II", NF_ACCEPT, held.popleft()[1])
            netlink.send(message(VERDICT, queue, NFQA_VERDICT_HDR, verdict))


if __name__ == "__main__":
    main()
