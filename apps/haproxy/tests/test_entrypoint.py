"""The entry point waits for a configuration, and leaves when told to."""

import signal
import subprocess
from pathlib import Path

import pytest

SHIPPED = Path(__file__).parents[1] / "entrypoint"


@pytest.fixture
def entrypoint(tmp_path: Path) -> Path:
    """The script with paths of this test's own, and an `haproxy` that prints its arguments."""
    program = tmp_path / "haproxy"
    program.write_text('#!/bin/sh\necho "started with $*"\n')
    program.chmod(0o755)
    script = tmp_path / "entrypoint"
    text = SHIPPED.read_text().replace("/etc/haproxy/", f"{tmp_path}/")
    script.write_text(text.replace("exec haproxy", f"exec {program}"))
    return script


def test_starts_once_there_is_a_configuration(entrypoint: Path, tmp_path: Path) -> None:
    with subprocess.Popen(["sh", str(entrypoint)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("waiting for")
        (tmp_path / "haproxy.cfg").touch()
        rest, _ = process.communicate(timeout=10)
    assert rest == (
        f"started with -W -S /run/haproxy/master.sock,mode,660 -f {tmp_path}/haproxy.cfg\n"
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_leaves_while_it_waits(entrypoint: Path, number: signal.Signals) -> None:
    with subprocess.Popen(["sh", str(entrypoint)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(number)
        assert process.wait(10) == 0
