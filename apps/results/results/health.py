"""`python -m results.health`: exits with 0 if the app in this container answers.

Not whether the store does: starting the app anew mends no store, and would lose the last figures.
That is what /healthz says, by 200 or 503.
"""

import http.client
import sys

from results.__main__ import PORT

TIMEOUT_SECONDS = 3


def answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status in (200, 503)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(not answers(PORT))
