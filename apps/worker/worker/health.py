"""`python -m worker.health`: exits with 0 while the main loop of this container's worker runs."""

import sys

from common.heartbeat import Heartbeat

STALE_SECONDS = 15

if __name__ == "__main__":
    sys.exit(not Heartbeat().is_alive(STALE_SECONDS))
