"""`python -m worker`: runs until SIGTERM, then finishes what it has read and leaves."""

import logging
import os
import signal
import sys

from worker.config import Config
from worker.supervisor import Supervisor

STOP_SIGNALS = {signal.SIGTERM, signal.SIGINT}


def main() -> None:
    logging.basicConfig(
        stream=sys.stdout,
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(threadName)s: %(message)s",
    )
    # Waited for, not handled: a handler that sets an Event may find the Event's lock held by the
    # very wait that it interrupts, for ever. Threads inherit what is blocked.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    Supervisor(Config.from_environ(os.environ)).run(asked_to_stop)


def asked_to_stop(seconds: float) -> bool:
    """Wait so long for a signal to stop; whether it came."""
    return signal.sigtimedwait(STOP_SIGNALS, seconds) is not None


if __name__ == "__main__":
    main()
