"""Fixture `failing_io`: programs whose writes or syncs give EIO on command, by failing_io.c.

It fails single calls, which no device does at will: a sync that fails after the write succeeded,
say. It also stops a process where it syncs, however quick that is: a signal from outside may come
too late. What a kernel does to a whole file system is in disk.py. Needs gcc.
"""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class FailingIo:
    """Set in the environment, it is in every program that a test starts from then on."""

    def __init__(self, directory: Path) -> None:
        self.library = directory / "failing_io.so"
        self.command = directory / "command"
        source = Path(__file__).with_suffix(".c")
        subprocess.run(["gcc", "-shared", "-fPIC", "-O", "-o", self.library, source], check=True)

    @contextmanager
    def preloaded(self, under: str) -> Iterator[None]:
        """Have programs that are started here obey, for files that have `under` in their paths."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("LD_PRELOAD", str(self.library))
            patch.setenv("FAILING_UNDER", under)
            patch.setenv("FAILING_COMMAND", str(self.command))
            yield

    @contextmanager
    def failing(self, what: str) -> Iterator[None]:
        """While this holds, "write" or "sync" fails, or with "stop", a sync stops its process."""
        new = self.command.with_suffix(".new")
        new.write_text(what)
        new.replace(self.command)
        try:
            yield
        finally:
            self.command.unlink()


@pytest.fixture
def failing_io() -> Iterator[FailingIo]:
    """Nothing fails yet, and nothing is preloaded."""
    # Not in tmp_path: Postgres runs as nobody, who may not enter it.
    with tempfile.TemporaryDirectory(prefix="landslide-io-") as directory:
        os.chmod(directory, 0o755)
        yield FailingIo(Path(directory))
