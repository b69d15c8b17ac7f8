"""Runs of playbooks that contact no machine but the controller."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml

# As if one had to become root everywhere, and there was no way to.
EVERYWHERE = {"ansible_become": True, "ansible_become_exe": "/nowhere/sudo"}


def play(root: Path, inventory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    settings = {
        "ANSIBLE_BECOME_ALLOW_SAME_USER": "true",
        "ANSIBLE_CONFIG": str(root / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
    }
    return subprocess.run(
        [sys.executable, "-m", "ansible", "playbook", "-i", str(inventory), *arguments],
        cwd=root,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_controller_needs_no_sudo_whatever_all_hosts_need(root: Path, tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text((root / "inventories/example/hosts.yml").read_text())
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars/all.yml").write_text(yaml.safe_dump(EVERYWHERE))
    # The managers, which are not there, have been asked already.
    compared = "--extra-vars=__keys_compared=yes"
    played = play(root, tmp_path, "--check", compared, "playbooks/stages/pki.yml")
    assert played.returncode == 0, played.stdout


def test_a_tag_that_no_task_has_is_refused(root: Path) -> None:
    played = play(root, root / "inventories/example", "--tags=docker", "site.yml")
    assert played.returncode != 0, played.stdout
    assert "No task has the tag docker" in " ".join(played.stdout.split())
