#!/usr/bin/python3
"""Prints, as JSON, the TCP ports of a machine that accept connections: scan.py ADDRESS."""

import errno
import json
import os
import socket
import sys

SECONDS = 5


def accepts(address: str, port: int) -> bool:
    """Say whether `port` accepts a connection; one that neither accepts nor refuses is an error."""
    with socket.socket() as connection:
        connection.settimeout(SECONDS)
        error = connection.connect_ex((address, port))
    if error not in (0, errno.ECONNREFUSED):
        raise OSError(error, f"port {port}: {os.strerror(error)}")
    return error == 0


print(json.dumps([port for port in range(1, 65536) if accepts(sys.argv[1], port)]))
