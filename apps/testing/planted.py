"""Bugs, planted one at a time into a copy of the project, and whether a test of its own finds them."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
# What the tests of an app need, and what they share with those of the project itself.
COPIED = ("apps", "cli", "pyproject.toml")
SHARED = (".cache",)
SECONDS = 300


class Bug(NamedTuple):
    """A change of a file, whose path is from the project's root on."""

    name: str
    file: str
    right: str
    wrong: str


def plant(project: Path, bug: Bug) -> None:
    """Change the file in a copy of the project.

    Raises RuntimeError where what is to be changed is not there, or more than once.
    """
    path = project / bug.file
    text = path.read_text()
    if text.count(bug.right) != 1:
        raise RuntimeError(f"{bug.file} is not what it was: write {bug.name!r} anew")
    path.write_text(text.replace(bug.right, bug.wrong))


def copy(place: Path) -> Path:
    """Make a copy of the project in `place`, with all that its apps' tests need."""
    project = place / "project"
    project.mkdir()
    for name in COPIED:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", ".*")
            shutil.copytree(ROOT / name, project / name, symlinks=True, ignore=ignored)
        else:
            shutil.copy2(ROOT / name, project / name)
    for name in SHARED:
        (ROOT / name).mkdir(exist_ok=True)
        (project / name).symlink_to(ROOT / name)
    return project


def failed(project: Path, test: str) -> list[str]:
    """Run one test of a copy; return the assertions in which it failed, none where it passed.

    Raises RuntimeError where it came to no end, or to another one.
    """
    options = ["-q", "-p", "no:cacheprovider", "--color=no", "--tb=short"]
    run = subprocess.run(
        [sys.executable, "-B", "-m", "pytest", *options, test],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    found = re.findall(r"^E +(AssertionError.*|assert .*)", run.stdout, re.MULTILINE)
    # 1: tests were run, and some failed; nothing of it may be an error of a fixture.
    if run.returncode not in (0, 1) or bool(found) != bool(run.returncode):
        raise RuntimeError(f"{test} did not judge:\n{run.stdout}{run.stderr}")
    return found
