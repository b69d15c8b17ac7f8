"""What Docker asks of a running container."""

import subprocess
from pathlib import Path

CHECK = Path(__file__).parents[1] / "base" / "healthcheck"


def is_healthy(port: int) -> bool:
    """What the health check of the Python images says of an app on the loopback."""
    check = subprocess.run([CHECK, str(port)], check=False, capture_output=True, timeout=30)
    return check.returncode == 0
