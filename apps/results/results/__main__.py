"""`python -m results`: serve on port 8000 until SIGTERM.

One process: it only hands out bytes that are ready. Its loop holds all streams at once.
"""

import sys

from granian import Granian
from granian.constants import HTTPModes, Interfaces

PORT = 8000
# Streams never end of their own accord in that time, and browsers come back by themselves.
DRAIN_SECONDS = 2


def main(port: int = PORT) -> None:
    Granian(
        "results.app:create_app",
        factory=True,
        # All interfaces: the container has one address, and only Swarm publishes it.
        address="0.0.0.0",
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        # Above what the app lets in, so that it is the app that refuses, with a reason.
        backlog=8192,
        backpressure=8192,
        workers_kill_timeout=DRAIN_SECONDS,
        log_access=False,
    ).serve()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
