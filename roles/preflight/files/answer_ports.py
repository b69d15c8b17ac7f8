"""Answers at ports of a node that is bare, so that other nodes can tell whether they reach them.

    answer_ports.py 192.168.33.11 2377/tcp 4789/udp

It listens at each TCP port that nobody has; where somebody has it, connections show as much.
Datagrams are read beside whoever has their port, behind the firewall, and sent back if they are
those of plugins/module_utils/preflight/probe.py. A service of systemd's starts and ends it: it
tells systemd when it listens.
"""

import os
import select
import socket
import struct
import sys
from contextlib import suppress

MARK = b"\0landslide"  # neither a message of the Swarm's nor a VXLAN header
UDP_HEADER = struct.Struct(">HHHH")
BACKLOG = 1024


def listeners(own, ports):
    """Return a listening socket at ``own`` for each TCP port of ``ports`` that is free."""
    sockets = []
    for port in ports:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # One of another run has them, too, and may end first.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        with suppress(OSError):  # somebody has it: whose it is, is looked at elsewhere
            listener.bind((own, port))
            listener.listen(BACKLOG)
            sockets.append(listener)
    return sockets


def answer(raw, ports):
    """Send the next datagram back if it is a probe of one of ``ports``."""
    packet, (address, _) = raw.recvfrom(65535)
    start = (packet[0] & 0x0F) * 4
    source, port, _, _ = UDP_HEADER.unpack_from(packet, start)
    payload = packet[start + UDP_HEADER.size :]
    # Two of these must not send each other the same datagram for ever.
    if port in ports and source not in ports and payload.startswith(MARK):
        header = UDP_HEADER.pack(port, source, UDP_HEADER.size + len(payload), 0)
        with suppress(OSError):  # the way back may be blocked: then the probe finds out
            raw.sendto(header + payload, (address, 0))


def tell_systemd():
    """Tell that it is ready: sd_notify(3)."""
    path = os.environ["NOTIFY_SOCKET"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.sendto(b"READY=1", "\0" + path[1:] if path.startswith("@") else path)


def main():
    """Answer until ended."""
    ports = {"tcp": set(), "udp": set()}
    own, *wanted = sys.argv[1:]
    for argument in wanted:
        number, protocol = argument.split("/")
        ports[protocol].add(int(number))
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
    raw.bind((own, 0))
    waiting = [raw, *listeners(own, ports["tcp"])]
    tell_systemd()
    while True:
        for ready in select.select(waiting, [], [])[0]:
            if ready is raw:
                answer(raw, ports["udp"])
            else:
                ready.accept()[0].close()


main()
