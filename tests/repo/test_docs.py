"""The commands in the documentation can be run as they are written."""

from __future__ import annotations

import re
from pathlib import Path

from landslide_cli.__main__ import main

COMMAND = re.compile(r"\./landslide ([a-z]+)")
PLAYBOOK = re.compile(r"\./landslide playbook [^\n`]*?(\S+\.yml)")


def pages(tracked: list[Path]) -> dict[Path, str]:
    return {path: path.read_text() for path in tracked if path.suffix == ".md"}


def test_every_command_of_landslide_exists(tracked: list[Path]) -> None:
    used = {command for text in pages(tracked).values() for command in COMMAND.findall(text)}

    assert {"up", "playbook"} <= used <= main.commands.keys()


def test_every_playbook_exists(tracked: list[Path], root: Path) -> None:
    used = {name for text in pages(tracked).values() for name in PLAYBOOK.findall(text)}

    assert "site.yml" in used
    assert [name for name in sorted(used) if not (root / name).is_file()] == []


def test_ansible_is_run_by_landslide(tracked: list[Path]) -> None:
    # Only ./landslide knows where the checkout's Ansible is. An installed collection has another.
    lines = [line for text in pages(tracked).values() for line in text.splitlines()]
    run = [line for line in lines if line.startswith("    ansible-playbook")]

    assert [line for line in run if " landslide.voting." not in line] == []
