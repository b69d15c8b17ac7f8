"""`python -m overview.health PORT`: ends with 0 if the overview on the loopback lives.

What `healthcheck` of the Python images does, by TLS.
"""

import http.client
import os
import sys

from common.internal_tls import InternalTLS


def main(port: int) -> None:
    connection = http.client.HTTPSConnection(
        "127.0.0.1", port, timeout=8, context=InternalTLS.from_environ(os.environ).client
    )
    connection.request("GET", "/healthz")
    if connection.getresponse().status != 200:
        raise SystemExit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
