"""The inventories are understood by Ansible and describe a whole system."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest


@pytest.mark.parametrize("name", ["lab", "example"])
def test_every_tier_has_hosts_with_addresses(name: str, root: Path) -> None:
    listed = subprocess.run(
        ["ansible-inventory", "-i", str(root / "inventories" / name), "--list"],
        cwd=root,
        env=os.environ | {"ANSIBLE_CONFIG": str(root / "ansible.cfg")},
        check=True,
        capture_output=True,
        text=True,
    )
    groups = json.loads(listed.stdout)
    for tier in ("manager", "interlock", "frontend", "worker", "store"):
        for host in groups[tier]["hosts"]:
            assert groups["_meta"]["hostvars"][host]["node_address"]


def test_a_poll_that_cannot_be_asked_is_found_before_any_machine_is_reached(root: Path) -> None:
    polls = {"{}": 0, '{"poll_definition": {"title": "T", "question": "Q", "choices": []}}': 2}
    command = ["ansible-playbook", "playbooks/inventory.yml", "-i", "inventories/example", "-e"]
    for variables, status in polls.items():
        judged = subprocess.run(
            [*command, variables],
            cwd=root,
            env=os.environ | {"ANSIBLE_CONFIG": str(root / "ansible.cfg")},
            capture_output=True,
            text=True,
        )
        assert judged.returncode == status, judged.stdout
        assert ("the poll needs a list of 2 to 20 choices" in judged.stdout) == bool(status)
