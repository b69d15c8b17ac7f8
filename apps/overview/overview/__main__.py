"""`python -m overview`: serve on port 8000 until SIGTERM."""

import sys

from common.server import serve
from granian.constants import Interfaces

PORT = 8000
DRAIN_SECONDS = 2


def main(port: int = PORT) -> None:
    serve("overview.app:create_app", Interfaces.ASGI, port, DRAIN_SECONDS, factory=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
