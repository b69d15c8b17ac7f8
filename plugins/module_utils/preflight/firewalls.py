"""Which firewalls of its owner's are active on a machine."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

UNITS = {"firewalld.service": "firewalld", "nftables.service": "nftables", "ufw.service": "ufw"}
UFW = Path("/etc/ufw/ufw.conf")
# The rules of Landslide's own: roles/firewall.
OWN = Path("/etc/landslide/firewall.nft")


def active_units() -> str:
    """Return what systemd tells of the firewalls' units that are active, a line each."""
    command = ["systemctl", "list-units", "--state=active", "--plain", "--no-legend", *UNITS]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def active_firewalls(units: Callable[[], str] = active_units, ufw: Path = UFW) -> list[str]:
    """Return their names."""
    active = {line.split()[0] for line in units().splitlines()}
    # Its unit is active even while it is switched off.
    if not (ufw.exists() and re.search(r"(?m)^ENABLED=yes", ufw.read_text())):
        active.discard("ufw.service")
    return sorted(UNITS[unit] for unit in active)
