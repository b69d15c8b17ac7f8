"""Where the repository is, and what git knows of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def tracked() -> list[Path]:
    """Return every file that is committed or about to be; links and deleted files are left out."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    paths = [ROOT / name for name in listed.split("\0") if name]
    return [path for path in paths if path.is_file() and not path.is_symlink()]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes `role` once for each role."""
    if "role" in metafunc.fixturenames:
        roles = sorted(path for path in (ROOT / "roles").iterdir() if path.is_dir())
        metafunc.parametrize("role", roles, ids=lambda path: path.name)
