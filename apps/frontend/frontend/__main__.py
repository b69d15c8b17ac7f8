"""Serve the voting page: `python -m frontend [PORT]`, 8000 where none is given.

One process per CPU that this container may use, but for one CPU, each with an event loop and one
connection to the queue. SIGTERM closes the port, and what is in hand is finished. An idle
connection stays open until the load balancer closes it: a server that closes it first will sooner
or later do so just as the next request arrives. A process that dies is replaced; the load balancer
asks the other ones what it had asked that one.
"""

import os
import sys

from frontend.config import Config
from frontend.server import serve

# Longer than a request can wait for the queue; the service's stop grace period has to be longer.
DRAIN_SECONDS = 10


def main(port: int = 8000) -> None:
    """Serve until SIGTERM."""
    serve(port, Config.from_environ(os.environ), DRAIN_SECONDS)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
