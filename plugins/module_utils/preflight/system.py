"""What the machine itself must be: its distribution, systemd, its disk, its control groups."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

# What the tests run on, and what may work as well: its packages are new enough. The Docker of
# Debian 12 (20.10) can neither build the images (buildx) nor validate its own settings.
TRIED = ("debian", "13")
UNTRIED = ("ubuntu", "24.04")
TRIED_MACHINE = "x86_64"
MIB = 1024 * 1024


def distribution(release: Mapping[str, str]) -> tuple[str, str]:
    """Return name and version out of the fields of os-release(5)."""
    return release.get("ID", ""), release.get("VERSION_ID", "")


def distribution_problems(release: Mapping[str, str]) -> list[str]:
    """Judge the fields of os-release(5)."""
    if distribution(release) in (TRIED, UNTRIED):
        return []
    found = release.get("PRETTY_NAME", "an unknown distribution")
    return [
        f"this is {found}; supported are Debian 13 and, untried, Ubuntu 24.04. Upgrade or replace "
        "the machine: docs/places.md says how, also in a cluster of version 1.0"
    ]


def untried(release: Mapping[str, str], machine: str) -> list[str]:
    """Name what no test of Landslide runs on; ``machine`` as uname(2) has it."""
    found = []
    if distribution(release) == UNTRIED:
        name = release["PRETTY_NAME"]
        found.append(f"Landslide has not been tried on {name}, only on Debian 13.")
    if machine != TRIED_MACHINE:
        found.append(f"Landslide has not been tried on {machine}, only on {TRIED_MACHINE}.")
    return found


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


def tracking_problems(needed: int, proc: Path = Path("/proc")) -> list[str]:
    """Judge the kernel's room for tracked connections, where no role may enlarge it."""
    limit = proc / "sys/net/netfilter/nf_conntrack_max"
    # The kernel does not track yet; or the role docker may enlarge it.
    if not limit.exists() or os.access(limit, os.W_OK):
        return []
    room = int(limit.read_text())
    if room >= needed:
        return []
    return [
        f"the kernel has room for {room:,} tracked connections, where {needed:,} are needed: set"
        " net.netfilter.nf_conntrack_max, which cannot be set from inside this machine"
    ]


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
