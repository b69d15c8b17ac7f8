"""The shell script ./landslide in a fresh clone: what it wants before it can do something."""

import re
import subprocess
from pathlib import Path

import pytest
from landslide_cli.test import PARTS

ROOT = Path(__file__).resolve().parents[2]
# What stands for the virtual environment, and says which one it is and what it is asked to run.
PYTHON = '#!/bin/sh\necho "${0%/bin/python}:" "$@"\n'


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a clone that was used before, on a machine without a single program of those needed.

    A program that is missing is looked for with apt-get, which is missing, too.
    """
    script = (ROOT / "landslide").read_text()
    [made_of] = re.findall(r"^ +made_of=.*$", script, re.M)
    clone = tmp_path / "clone"
    for venv in (".venv", ".venv-dev"):
        (clone / venv / "bin").mkdir(parents=True)
        (clone / venv / "bin/python").write_text(PYTHON)
        (clone / venv / "bin/python").chmod(0o755)
        (clone / venv / "made-of").write_text("the same")
    (clone / "landslide").write_text(script.replace(made_of, 'made_of="the same"'))
    (clone / "landslide").chmod(0o755)
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("bash", "env", "readlink", "dirname", "sh", "sha256sum"):
        found = subprocess.run(["which", name], capture_output=True, text=True, check=True).stdout
        (programs / name).symlink_to(found.strip())
    return clone


def run(clone: Path, *arguments: str) -> tuple[int, str]:
    command = [str(clone / "landslide"), *arguments]
    # What is in /usr/sbin and /sbin of this machine is found, too.
    environment = {"PATH": str(clone.parent / "bin")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["test", "--help"],
        ["test", "apps", "-h"],
        ["up", "--help"],
        ["chaos", "--list"],
        ["playbook", "--help"],
    ],
)
def test_help_needs_nothing_but_the_environment(arguments: list[str], clone: Path) -> None:
    asked = " ".join(arguments)
    assert run(clone, *arguments) == (0, f"{clone}/.venv: -m landslide_cli {asked}\n")


@pytest.mark.parametrize("arguments", [["test"], ["status"], ["chaos"]])
def test_a_command_needs_what_it_works_with(arguments: list[str], clone: Path) -> None:
    status, said = run(clone, *arguments)
    assert status == 1
    assert "these are missing, and there is no apt-get to install them with" in said


def missing(clone: Path, *arguments: str) -> set[str]:
    """Return the packages that a command wants installed."""
    status, said = run(clone, *arguments)
    (packages,) = re.findall(r"install them with: (.*)\. Debian 12", said)
    assert status == 1
    return set(packages.split())


def test_linting_needs_one_package_and_apps_need_no_machines(clone: Path) -> None:
    assert missing(clone, "test", "lint") == {"shellcheck"}
    apps = missing(clone, "test", "apps")
    assert {"redis-server", "chromium", "mmdebstrap"} <= apps
    assert apps & {"vagrant", "docker.io", "openssh-client", "shellcheck"} == set()


def test_all_parts_need_what_each_needs_by_itself(clone: Path) -> None:
    assert f"set -- test {' '.join(PARTS)};" in (clone / "landslide").read_text()
    each = [missing(clone, "test", part) for part in PARTS]
    assert missing(clone, "test") == set().union(*each)
    assert missing(clone, "test", "lint", "repo") == each[0] | missing(clone, "test", "repo")


def test_a_test_file_needs_nothing_but_the_environment(clone: Path) -> None:
    file = "apps/worker/tests/test_ballots.py"
    assert run(clone, "test", file) == (0, f"{clone}/.venv-dev: -m landslide_cli test {file}\n")
