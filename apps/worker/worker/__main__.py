"""`python -m worker`: runs until SIGTERM, then finishes what it has read and leaves."""

import logging
import os
import signal
import sys
import threading

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
    stopping = threading.Event()
    threading.Thread(target=wait_for_signal, args=[stopping], daemon=True).start()
    Supervisor(Config.from_environ(os.environ)).run(stopping.wait)


def wait_for_signal(stopping: threading.Event) -> None:
    """Set `stopping` once a signal to stop comes.

    Not by sigtimedwait: it makes a signal up where the process is stopped, and continued after
    its time is over (Python 3.11).
    """
    signal.sigwait(STOP_SIGNALS)
    stopping.set()


if __name__ == "__main__":
    main()
