"""What this machine must have before a lab is made on it. Nothing is touched."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from . import ROOT
from .errors import Problem

GIB = 1024**3
FREE_DISK = 8 * GIB
DOCKER_ROOT = Path("/var/lib/docker")


def existing(path: Path) -> Path:
    """Return `path`, or the nearest directory above it that is there."""
    return next(place for place in (path, *path.parents) if place.exists())


def disk_problems(paths: Iterable[Path]) -> list[str]:
    """Return a sentence for each file system below `paths` with too little room."""
    places = {place.stat().st_dev: place for place in map(existing, paths)}
    problems = []
    for place in places.values():
        free = shutil.disk_usage(place).free
        if free < FREE_DISK:
            problems.append(
                f"The disk with {place} has {free / GIB:.1f} GB free; the lab needs "
                f"{FREE_DISK // GIB} GB. Free some space, for example by docker system prune."
            )
    return problems


def check() -> None:
    """Raise one `Problem` with all there is to fix."""
    if problems := disk_problems([DOCKER_ROOT, ROOT]):
        raise Problem("\n".join(problems))
