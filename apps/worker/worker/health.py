"""`python -m worker.health`: exits with 0 while the main loop of this container's worker runs."""

import sys
import time

from worker.config import ALIVE_FILE

STALE_SECONDS = 15


def healthy() -> bool:
    try:
        return time.monotonic() - ALIVE_FILE.stat().st_mtime < STALE_SECONDS
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    sys.exit(not healthy())
