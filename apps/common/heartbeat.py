"""A container's health where no port answers: a file whose time is set while the main loop runs."""

import os
import tempfile
import time
from pathlib import Path


class Heartbeat:
    """The file, `alive` among the temporary ones unless named, and what its time says.

    Its time is that of the clock which all processes of a machine share, and which never jumps.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or Path(tempfile.gettempdir(), "alive")

    def beat(self) -> None:
        self._path.touch()
        now = time.monotonic()
        os.utime(self._path, (now, now))

    def is_alive(self, seconds: float) -> bool:
        """Whether there was a beat in the last `seconds`."""
        try:
            return time.monotonic() - self._path.stat().st_mtime < seconds
        except FileNotFoundError:
            return False
