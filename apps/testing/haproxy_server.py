"""Fixtures: HAProxy of the release that is deployed, whatever the machine has.

A machine's own haproxy is used where it is new enough; else Debian trixie's, unpacked once under
.cache and started by its own loader, so that neither a container nor chroot is needed.
"""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event

import pytest

CACHE = Path(__file__).parents[2] / ".cache" / "haproxy"
LEAST_VERSION = (3, 0)
UNPACK_SECONDS = 300
READY_SECONDS = 15

# HAProxy executes argv[0] again on reload: it must be this script, not the binary.
WRAPPER = """\
#!/bin/sh
exec {root}/lib64/ld-linux-x86-64.so.2 --argv0 "$0" \\
    --library-path {root}/usr/lib/x86_64-linux-gnu {root}/usr/sbin/haproxy "$@"
"""


class HAProxyServer:
    """A `haproxy -W` with its master socket at `master_socket`; not started yet."""

    def __init__(self, binary: Path, config: Path) -> None:
        self.config = config
        self.master_socket = config.with_name("master.sock")
        self.log_path = config.with_name("haproxy.log")
        self._binary = binary
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, ready: Callable[[], bool]) -> None:
        """Start and wait until `ready()`."""
        command = [str(self._binary), "-W", "-S", f"{self.master_socket},mode,660"]
        with self.log_path.open("ab") as log:
            before = log.tell()
            self._process = subprocess.Popen(
                [*command, "-f", str(self.config)], stdout=log, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + READY_SECONDS
        # Its master starts itself anew meanwhile, and does not answer before it says so.
        while b"Loading success" not in self.log_path.read_bytes()[before:] or not ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"haproxy did not get ready:\n{self.log_path.read_text()}")
            Event().wait(0.02)

    def kill(self) -> None:
        """SIGKILL to the master and its workers; does nothing where none runs."""
        if self._process is not None:
            if self._process.poll() is None:
                for process in (self._process.pid, *self._children()):
                    # One that was replaced may just have ended.
                    with suppress(ProcessLookupError):
                        os.kill(process, signal.SIGKILL)
                self._process.wait(READY_SECONDS)
            self._process = None

    def worker(self) -> int:
        """Process ID of the newest worker."""
        return self._children()[-1]

    def _children(self) -> list[int]:
        assert self._process is not None
        path = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return [int(one) for one in path.read_text().split()] if path.exists() else []


@pytest.fixture(scope="session")
def haproxy_binary() -> Path:
    """See `installed`."""
    return installed()


def installed() -> Path:
    """Path of a haproxy of LEAST_VERSION or newer, which is fetched if there is none."""
    own = shutil.which("haproxy")
    if own is not None and _version(own) >= LEAST_VERSION:
        return Path(own)
    wrapper = CACHE / "bin" / "haproxy"
    if not wrapper.exists():
        _unpack(CACHE / "root")
        wrapper.parent.mkdir(exist_ok=True)
        wrapper.write_text(WRAPPER.format(root=CACHE / "root"))
        wrapper.chmod(0o755)
    return wrapper


@pytest.fixture
def make_haproxy(haproxy_binary: Path) -> Iterator[Callable[[Path], HAProxyServer]]:
    """A function from a configuration file to a server; all are ended after the test."""
    servers: list[HAProxyServer] = []

    def make(config: Path) -> HAProxyServer:
        servers.append(HAProxyServer(haproxy_binary, config))
        return servers[-1]

    yield make
    for server in servers:
        server.kill()


def _version(binary: str) -> tuple[int, ...]:
    said = subprocess.run([binary, "-v"], check=True, capture_output=True, text=True).stdout
    found = re.search(r"version (\d+)\.(\d+)", said)
    return tuple(int(part) for part in found.groups()) if found else (0, 0)


def _unpack(root: Path) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    fresh = root.with_name("root.new")
    if fresh.exists():
        shutil.rmtree(fresh)
    command = ["mmdebstrap", "--quiet", "--variant=minbase", "--include=haproxy", "trixie"]
    subprocess.run([*command, str(fresh)], check=True, timeout=UNPACK_SECONDS)
    fresh.replace(root)
