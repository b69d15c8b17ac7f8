"""Serve the voting page with Granian on port 8000: `python -m frontend`.

One process per CPU that this container may use, each with FRONTEND_THREADS threads, each of those
with one connection to the queue. SIGTERM closes the port, lets requests in hand finish, and ends.
An idle connection stays open until the load balancer closes it: a server that closes it first will
sooner or later do so just as the next request arrives. A process that dies is replaced; the load
balancer asks the other ones what it had asked that one.
"""

import os

import common.server
from granian.constants import Interfaces

from frontend.config import Config

# Longer than a request can wait for the queue; the service's stop grace period has to be longer.
DRAIN_SECONDS = 10


def main(port: int = 8000) -> None:
    """Serve until SIGTERM."""
    config = Config.from_environ(os.environ)
    serve("frontend.wsgi:app", port, config.threads, config.connections)


def serve(app: str, port: int, threads: int, connections: int) -> None:
    """Serve the WSGI application `MODULE:NAME` until SIGTERM, on so many connections at a time.

    `threads` are those of each process.
    """
    common.server.serve(
        app,
        Interfaces.WSGI,
        port,
        DRAIN_SECONDS,
        workers=len(os.sched_getaffinity(0)),
        blocking_threads=threads,
        # Of each process: the kernel deals connections out as it likes, and one that a process does
        # not accept waits there, however idle the others are. So might a health check.
        backlog=connections,
        backpressure=connections,
        respawn_failed_workers=True,
    )


if __name__ == "__main__":
    main()
