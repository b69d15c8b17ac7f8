"""`python -m overview`: serve on port 8000 until SIGTERM."""

import sys

from granian import Granian
from granian.constants import HTTPModes, Interfaces

PORT = 8000


def main(port: int = PORT) -> None:
    Granian(
        "overview.app:create_app",
        factory=True,
        # All interfaces: the container has one address, and only Swarm publishes it.
        address="0.0.0.0",
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        workers_kill_timeout=2,
        log_access=False,
    ).serve()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
