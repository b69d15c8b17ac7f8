#!/usr/bin/python3
"""Prints, as JSON, the TCP ports of a machine that accept connections: scan.py ADDRESS."""

import json
import socket
import sys

SECONDS = 2


def accepts(address: str, port: int) -> bool:
    """Say whether `port` accepts a connection; a firewall that is silent is waited for."""
    with socket.socket() as connection:
        connection.settimeout(SECONDS)
        return connection.connect_ex((address, port)) == 0


print(json.dumps([port for port in range(1, 65536) if accepts(sys.argv[1], port)]))
