"""`python -m results`: serve on port 8000 until SIGTERM.

One process: it only hands out bytes that are ready. Its loop holds all streams at once.
"""

import sys

from common.server import serve
from granian.constants import Interfaces

PORT = 8000
# Streams never end of their own accord in that time, and browsers come back by themselves.
DRAIN_SECONDS = 2


def main(port: int = PORT) -> None:
    serve(
        "results.app:create_app",
        Interfaces.ASGI,
        port,
        DRAIN_SECONDS,
        factory=True,
        # Above what the app lets in, so that it is the app that refuses, with a reason.
        backlog=8192,
        backpressure=8192,
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
