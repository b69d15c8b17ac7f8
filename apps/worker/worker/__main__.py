"""`python -m worker`: runs until SIGTERM, then finishes what it has read and leaves."""

import logging
import os
import signal
import sys
import threading

from worker.config import Config
from worker.supervisor import Supervisor


def main() -> None:
    logging.basicConfig(
        stream=sys.stdout,
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(threadName)s: %(message)s",
    )
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    Supervisor(Config.from_environ(os.environ)).run(stopping)


if __name__ == "__main__":
    main()
