"""`python -m worker`: runs until SIGTERM, then finishes what it has read and leaves."""

import asyncio
import logging
import os
import signal
import sys

from worker.config import Config
from worker.supervisor import Supervisor

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def main() -> None:
    logging.basicConfig(
        stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s"
    )
    asyncio.run(run())


async def run() -> None:
    stopping = asyncio.Event()
    # By the loop, between two tasks: a handler that Python runs anywhere may find a lock held by
    # the very code that it interrupts.
    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await Supervisor(Config.from_environ(os.environ)).run(stopping)


if __name__ == "__main__":
    main()
