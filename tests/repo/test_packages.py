"""How packages come onto a machine, by the roles' own tasks run on this one, without root.

apt is the real one, with directories and locks of the test's own. What would change the machine
is a program that only writes down how it was called.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

APT = """
Dir::State "{place}";
Dir::State::Lists "{place}/lists";
Dir::Cache "{place}/cache";
Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "/dev/null";
"""
RETRYING = "FAILED - RETRYING"


class Machine:
    """Runs tasks of roles with programs that are not this machine's."""

    def __init__(self, root: Path, place: Path) -> None:
        self.root, self.place = root, place
        self.programs = place / "bin"
        self.lists = place / "lists"
        for directory in (self.programs, self.lists / "partial", place / "cache/archives/partial"):
            directory.mkdir(parents=True)
        (place / "apt.conf").write_text(APT.format(place=place))

    def program(self, name: str, script: str) -> None:
        """Put a shell script before the program of its name."""
        file = self.programs / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    def start(self, role: str, tasks: str, **variables: object) -> subprocess.Popen[str]:
        """Begin to run one of a role's task files."""
        included = {"name": f"landslide.voting.{role}", "tasks_from": tasks}
        task = {"ansible.builtin.include_role": included}
        play = self.place / "play.yml"
        play.write_text(
            json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}])
        )
        return subprocess.Popen(
            ["ansible-playbook", str(play), "--extra-vars", json.dumps(variables)],
            env=os.environ
            | {
                "ANSIBLE_CONFIG": str(self.root / "ansible.cfg"),
                "ANSIBLE_NOCOLOR": "1",
                "APT_CONFIG": str(self.place / "apt.conf"),
                "PATH": f"{self.programs}:{os.environ['PATH']}",
                # Each line comes when it is said, not when a buffer is full.
                "PYTHONUNBUFFERED": "1",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@pytest.fixture
def machine(root: Path, tmp_path: Path) -> Machine:
    return Machine(root, tmp_path)


@pytest.fixture
def lists_lock(machine: Machine) -> Iterator[int]:
    """Hold the lock of apt's lists, as a machine does that fetches its updates."""
    with (machine.lists / "lock").open("w") as held:
        fcntl.lockf(held, fcntl.LOCK_EX)
        yield held.fileno()


def test_locked_package_lists_are_waited_for(machine: Machine, lists_lock: int) -> None:
    missing = {"common_missing_packages": [], "common_missing_file": "/"}
    with machine.start("common", "packages", **missing) as run:
        assert run.stdout
        said = ""
        for line in run.stdout:
            said += line
            if RETRYING in line:
                fcntl.lockf(lists_lock, fcntl.LOCK_UN)
    assert (run.returncode, RETRYING in said) == (0, True), said


def test_another_failure_is_told_at_once(machine: Machine) -> None:
    (machine.place / "apt.conf").write_text('Dir::State "/dev/null";')
    missing = {"common_missing_packages": [], "common_missing_file": "/"}
    with machine.start("common", "packages", **missing) as run:
        said = run.communicate()[0]
    assert (run.returncode, RETRYING in said) == (2, False), said


@pytest.mark.parametrize(
    ("builds", "dockers_own", "installed"),
    [
        (True, True, []),
        (True, False, []),
        (False, True, ["docker-buildx-plugin"]),
        (False, False, ["docker-buildx"]),
    ],
)
def test_nothing_of_debians_docker_is_installed_beside_dockers_own(
    builds: bool, dockers_own: bool, installed: list[str], machine: Machine
) -> None:
    called = machine.place / "called"
    called.touch()
    machine.program("docker", f'test "$*" = "buildx version" && {str(builds).lower()}')
    # What dpkg says of a package: it knows the names of many that are not installed.
    machine.program("dpkg-query", f"echo {'installed' if dockers_own else 'not-installed'}")
    machine.program("apt-get", f'echo "$*" >> {called}')
    with machine.start("images", "tools", __images_plugin="/absent") as run:
        said = run.communicate()[0]
    assert run.returncode == 0, said
    assert [word for word in called.read_text().split() if word.startswith("docker")] == installed
