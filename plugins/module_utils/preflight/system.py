"""What the machine itself must be: its distribution, systemd, its disk, its control groups."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

SUPPORTED = {
    ("debian", "12"): "Debian 12",
    ("debian", "13"): "Debian 13",
    ("ubuntu", "24.04"): "Ubuntu 24.04",
}
MIB = 1024 * 1024


def distribution_problems(release: Mapping[str, str]) -> list[str]:
    """Judge the fields of os-release(5)."""
    if (release.get("ID", ""), release.get("VERSION_ID", "")) in SUPPORTED:
        return []
    found = release.get("PRETTY_NAME", "an unknown distribution")
    return [f"this is {found}; supported are {', '.join(SUPPORTED.values())}"]


def systemd_problems(marker: Path = Path("/run/systemd/system")) -> list[str]:
    """Look for the directory that exists where systemd is process 1: sd_booted(3)."""
    if marker.is_dir():
        return []
    return ["systemd is not running here; Docker is run as a systemd service"]


def disk_problems(
    directory: Path, needed_mib: int, statvfs: Callable[[Path], os.statvfs_result] = os.statvfs
) -> list[str]:
    """Compare the free space (MiB) of the file system that is to hold ``directory``."""
    holder = next(path for path in (directory, *directory.parents) if path.exists())
    usage = statvfs(holder)
    free_mib = usage.f_bavail * usage.f_frsize // MIB
    if free_mib >= needed_mib:
        return []
    return [f"{directory} has {free_mib} MiB free; {needed_mib} MiB are needed"]


def cgroup_problems(wanted: Iterable[str], root: Path = Path("/sys/fs/cgroup")) -> list[str]:
    """Say which controllers are missing, under control groups of version 2 and 1 alike."""
    listed = root / "cgroup.controllers"
    if listed.exists():
        present = set(listed.read_text().split())
    else:
        present = {path.name for path in root.iterdir() if path.is_dir()}
    return [
        f"the {controller} cgroup controller is missing; limits of services need it"
        for controller in wanted
        if controller not in present
    ]
