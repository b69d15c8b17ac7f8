"""Takes up what memory a Redis of this node may use, until it is told to end.

    memory.py PROCESS

What has come of a request whose end has not is kept by Redis, and counts as memory in use:
https://redis.io/docs/latest/develop/reference/clients/#query-buffer-hard-limit
"""

import signal
import socket
import subprocess
import sys
from pathlib import Path

# Of redis.conf: what a number may be followed by.
UNITS = {"": 1, "k": 10**3, "kb": 2**10, "m": 10**6, "mb": 2**20, "g": 10**9, "gb": 2**30}
# No argument of a request may be longer (proto-max-bulk-len).
LONGEST = 2**29
PIECE = bytes(2**20)
SECONDS_AT_MOST = 30


def ceiling(environment: bytes) -> int:
    """Return the bytes that a queue with this environment (proc_pid_environ(5)) may use."""
    setting = next(
        line.removeprefix(b"QUEUE_MAXMEMORY=").decode().lower()
        for line in environment.split(b"\0")
        if line.startswith(b"QUEUE_MAXMEMORY=")
    )
    number = setting.rstrip("kmgb")
    return int(number) * UNITS[setting.removeprefix(number)]


def connect(path: Path) -> socket.socket:
    """Return a connection to the Redis that listens there."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(SECONDS_AT_MOST)
    connection.connect(str(path))
    return connection


def fill(connection: socket.socket, size: int) -> None:
    """Have Redis keep `size` bytes until the connection ends; raises OSError where it does not."""
    # Who looks whether a queue is well needs no password.
    connection.sendall(b"AUTH health ''\r\n")
    if not (answer := connection.recv(100)).startswith(b"+OK"):
        raise ConnectionRefusedError(answer)
    connection.sendall(b"*2\r\n$4\r\nPING\r\n$%d\r\n" % size)
    while size:
        size -= connection.send(PIECE[:size])


def main() -> None:
    """Take all of it, say so to systemd, and wait."""
    process = Path("/proc", sys.argv[1])
    left = ceiling((process / "environ").read_bytes())
    connections = []
    while left:
        connections.append(connect(process / "root/run/queue/redis.sock"))
        size = min(left, LONGEST)
        fill(connections[-1], size)
        left -= size
    subprocess.run(["systemd-notify", "--ready"], check=True)
    signal.pause()


if __name__ == "__main__":
    main()
