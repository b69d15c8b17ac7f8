"""Disks that lose their power, get full and fail: each an ext4 of its own, mounted by loop.

Fixtures: `queue_disk`, and on it `queue_on_disk`, a running queue with closed intake. Only root may
mount, and not in every container: elsewhere the tests that need a disk are skipped.
"""

import errno
import os
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import ioctl
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP

import pytest

from testing.redis_server import RedisServer
from testing.waiting import wait_until

# The kernel commits every 5 seconds by itself; here what nobody asked for is not on disk.
COMMIT_SECONDS = 300
MEGABYTE = 1 << 20  # bytes
# EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH (linux/fs/ext4/ext4.h): no more is written.
SHUTDOWN, NO_FLUSH = 0x8004587D, struct.pack("I", 2)


class Disk:
    """An empty file system at `path`, in the file `image`, which holds what was written to it.

    A disk's own cache is no part of it: what the kernel has handed over is taken for stored.
    """

    def __init__(self, image: Path, path: Path, megabytes: int) -> None:
        self.path = path
        self._image = image
        self._filler = path / "filler"
        path.mkdir(parents=True)
        with image.open("wb") as file:
            file.truncate(megabytes * MEGABYTE)
        # No blocks kept for root: a disk is as full for it as for everybody else.
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", image], check=True)
        self._mount()
        # Postgres makes a cluster only where nothing is.
        (path / "lost+found").rmdir()

    def cut_power(self) -> None:
        """Kill whoever works on the disk, and take from it what the kernel had still to write.

        Only what somebody had synced is there then. The killed are their owner's to clear away.
        """
        wait_until(self._deserted)
        left = self._image.with_suffix(".left")
        subprocess.run(["cp", "--sparse=always", self._image, left], check=True)
        # This writes the rest, to an image that nobody looks at again.
        self.unmount()
        left.replace(self._image)
        self._mount()

    @contextmanager
    def full(self) -> Iterator[None]:
        """While this holds there is no block left."""
        self._fill()
        try:
            yield
        finally:
            self._filler.unlink()

    @contextmanager
    def failing(self) -> Iterator[None]:
        """While this holds every read, write and sync gives EIO. Who works there is killed then.

        It is the kernel's own end of a file system whose device failed; the device under it is
        well. Only what somebody had synced before is there afterwards.
        """
        # A sync that is under way when the end comes may tell of a success that was none.
        at_work = list(self._at_work())
        for pid in at_work:
            os.kill(pid, SIGSTOP)
        wait_until(lambda: all(map(_is_stopped, at_work)))
        root = os.open(self.path, os.O_RDONLY)
        try:
            ioctl(root, SHUTDOWN, NO_FLUSH)
        finally:
            os.close(root)
        for pid in at_work:
            os.kill(pid, SIGCONT)
        try:
            yield
        finally:
            self.unmount()
            self._mount()

    def unmount(self) -> None:
        """Kill whoever works on the disk, too; the loop device goes with it."""
        wait_until(self._deserted)
        wait_until(self._unmounted)

    def _deserted(self) -> bool:
        """Kill those who work here."""
        found = False
        for pid in self._at_work():
            found = True
            with suppress(ProcessLookupError):
                os.kill(pid, SIGKILL)
        return not found

    def _at_work(self) -> Iterator[int]:
        """Those whose working directory is here, as it is of Redis and of all of Postgres."""
        for link in Path("/proc").glob("[0-9]*/cwd"):
            # Most have nothing to do with us, and some end while they are looked at.
            with suppress(FileNotFoundError, ProcessLookupError):
                if link.readlink().is_relative_to(self.path):
                    yield int(link.parent.name)

    def _unmounted(self) -> bool:
        if self.path.is_mount():
            subprocess.run(["umount", self.path], check=False, capture_output=True)
        return not self.path.is_mount()

    def _fill(self) -> None:
        with self._filler.open("wb") as filler:
            end, size = 0, 64 * MEGABYTE
            while size:
                try:
                    os.posix_fallocate(filler.fileno(), end, size)
                    end += size
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    size //= 2

    def _mount(self) -> None:
        options = f"loop,commit={COMMIT_SECONDS}"
        subprocess.run(["mount", "-o", options, self._image, self.path], check=True)


def _is_stopped(pid: int) -> bool:
    """Whether no thread of it is at anything; one that has ended is not, either."""
    with suppress(FileNotFoundError, ProcessLookupError):
        stats = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/stat")]
        return all(stat.rpartition(")")[2].split()[0] in "TZX" for stat in stats)
    return True


@contextmanager
def mounted_disk(image: Path, path: Path, megabytes: int) -> Iterator[Disk]:
    """A new disk at `path`, which must not exist yet; it is gone at the end."""
    if os.getuid() != 0 or not Path("/dev/loop-control").exists():
        pytest.skip("only root can mount a disk, where the kernel has loop devices")
    disk = Disk(image, path, megabytes)
    try:
        yield disk
    finally:
        disk.unmount()
        image.unlink()


@pytest.fixture
def queue_disk(tmp_path: Path) -> Iterator[Disk]:
    """The disk that `queue_on_disk` keeps its votes on."""
    with mounted_disk(tmp_path / "queue.img", tmp_path / "queue" / "data", 64) as disk:
        yield disk


@pytest.fixture
def queue_on_disk(queue_disk: Disk) -> Iterator[RedisServer]:
    """A running queue whose intake is still closed, and whose votes are on `queue_disk`."""
    server = RedisServer(queue_disk.path.parent)
    server.start()
    yield server
    server.kill()
