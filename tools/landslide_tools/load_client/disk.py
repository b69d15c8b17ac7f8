"""How long this machine's disk lets a writer wait, measured while people vote."""

import os
import tempfile
import threading
import time
from types import TracebackType

# Often enough to meet whatever holds up frontends, whose votes wait for the same disk.
INTERVAL_SECONDS = 0.1


class DiskWatch:
    """Writes a byte again and again, as a context manager, in a thread of its own.

    `longest` is the longest time in seconds that one has taken to be on disk.
    """

    def __init__(self) -> None:
        self.longest = 0.0
        self._ended = threading.Event()
        # A write that hangs must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "DiskWatch":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()

    def _run(self) -> None:
        with tempfile.TemporaryFile(buffering=0) as file:
            while not self._ended.wait(INTERVAL_SECONDS):
                began = time.monotonic()
                file.write(b"x")
                os.fsync(file.fileno())
                self.longest = max(self.longest, time.monotonic() - began)
