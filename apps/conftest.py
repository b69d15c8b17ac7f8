"""Fixtures that every app's tests share: real servers, each in a directory of its own."""

import os
import tempfile
from pathlib import Path

# Servers sync each vote as shipped. That a disk is slow, or stands still while another program
# has it, says nothing of what is tested here; that it loses its power is in testing/disk.py.
if Path("/dev/shm").is_dir():
    tempfile.tempdir = os.environ["TMPDIR"] = "/dev/shm"

# A plugin comes after those that it imports, or pytest cannot rewrite their assertions.
pytest_plugins = [
    "testing.browser",
    "testing.docker_engine",
    "testing.haproxy_server",
    "testing.http_backend",
    "testing.edge",
    "testing.swarm_api",
    "testing.postgres_server",
    "testing.redis_server",
    "testing.disk",
    "testing.failing_io",
    "testing.poll",
]
