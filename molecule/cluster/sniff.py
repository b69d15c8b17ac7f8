"""Prints, as JSON, which words were in packets on an interface: sniff.py INTERFACE SECONDS.

The words come by the standard input, as JSON: {NAME: TEXT}. What is inside an overlay's packets is
found, too.
"""

import json
import re
import socket
import sys
import time

ETH_P_ALL = 3  # linux/if_ether.h
SO_RCVBUFFORCE = 33  # asm-generic/socket.h
LARGEST = 1 << 16

interface, seconds = sys.argv[1], float(sys.argv[2])
words = {text.encode(): name for name, text in json.load(sys.stdin).items()}
pattern = re.compile(b"|".join(map(re.escape, words)))
found: set[str] = set()
packets = 0
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)) as wire:
    wire.bind((interface, 0))
    # All that comes while this is busy with what came before.
    wire.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        wire.settimeout(left)
        try:
            packet = wire.recv(LARGEST)
        except TimeoutError:
            break
        packets += 1
        found.update(words[match] for match in pattern.findall(packet))
print(json.dumps({"found": sorted(found), "packets": packets}))
