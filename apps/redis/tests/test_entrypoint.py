"""The one setting that comes by the environment."""

import subprocess
from pathlib import Path

from testing.redis_server import SHIPPED


def run(path: Path, **environ: str) -> "subprocess.CompletedProcess[str]":
    """The entrypoint, with a stand-in for redis-server that says how it was called."""
    server = path / "redis-server"
    server.write_text('#!/bin/sh\necho "$@"\n')
    server.chmod(0o755)
    return subprocess.run(
        ["/bin/sh", str(SHIPPED / "entrypoint")],
        env={"PATH": str(path), **environ},
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )


def test_memory_is_what_the_service_says(tmp_path: Path) -> None:
    started = run(tmp_path, QUEUE_MAXMEMORY="64mb")
    assert started.stdout == "/usr/local/etc/redis.conf --maxmemory 64mb\n"


def test_no_memory_setting_is_no_start(tmp_path: Path) -> None:
    started = run(tmp_path)
    assert started.returncode != 0
    assert "QUEUE_MAXMEMORY" in started.stderr
