"""`python -m interlock.health`: fails where the main loop has not gone round for a while."""

import sys
import time
from pathlib import Path

HEARTBEAT = Path("/tmp/alive")
LIMIT = 90.0


def main() -> int:
    """0 where the last round began less than LIMIT seconds ago, else 1."""
    return int(not HEARTBEAT.exists() or time.time() - HEARTBEAT.stat().st_mtime > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
