"""The container's health check: `python -m frontend.health` ends with 0 if the frontend answers.

It asks whether this process lives, not whether its queue does: a restart of the frontend mends no
queue. Whether a vote could be stored is what /healthz says to the load balancer, by 200 or 503.
"""

import http.client
import sys

PORT = 8000
TIMEOUT_SECONDS = 5


def answers(port: int) -> bool:
    """Whether /healthz on the loopback is answered in time, in either of its two ways."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status in (200, 503)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if answers(PORT) else 1)
