"""Ports of tests that run at the same time, in this process and others."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from testing.ports import BLOCK, free_port

APPS = Path(__file__).parents[2]
OTHER = "from testing.ports import free_port; print(free_port(), flush=True); input()"


@contextmanager
def other_tests() -> Iterator[int]:
    """Another process that has a port, which it keeps."""
    with subprocess.Popen(
        [sys.executable, "-c", OTHER],
        env=os.environ | {"PYTHONPATH": str(APPS)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout
        yield int(process.stdout.readline())
        process.kill()


def test_nobody_else_gets_a_port_though_nobody_listens_on_it() -> None:
    ours = {free_port() for _ in range(BLOCK + 1)}
    with other_tests() as first, other_tests() as second:
        assert len({first, second} | ours) == BLOCK + 3


def test_connections_and_other_programs_have_ports_elsewhere() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        anywhere = server.getsockname()[1]
    assert free_port() < anywhere


def test_a_port_that_another_program_has_is_left_to_it() -> None:
    # The one before it is not its block's last.
    taken = next(port for port in iter(free_port, None) if (port + 1) % BLOCK) + 1
    with socket.create_server(("127.0.0.1", taken)):
        assert free_port() == taken + 1
