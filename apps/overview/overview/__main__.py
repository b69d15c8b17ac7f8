"""`python -m overview`: serve by TLS on port 8000 until SIGTERM."""

import os
import sys

from common.internal_tls import InternalTLS
from common.server import serve
from granian.constants import Interfaces

PORT = 8000
DRAIN_SECONDS = 2


def main(port: int = PORT) -> None:
    tls = InternalTLS.from_environ(os.environ)
    serve(
        "overview.app:create_app",
        Interfaces.ASGI,
        port,
        DRAIN_SECONDS,
        factory=True,
        ssl_cert=tls.certificate,
        ssl_key=tls.key,
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
