"""`python -m interlock.health`: fails where the main loop has not gone round for a while."""

import sys

from common.heartbeat import Heartbeat

HEARTBEAT = Heartbeat()
STALE_SECONDS = 90


def main() -> int:
    """0 where the last round began less than STALE_SECONDS ago, else 1."""
    return int(not HEARTBEAT.is_alive(STALE_SECONDS))


if __name__ == "__main__":
    sys.exit(main())
