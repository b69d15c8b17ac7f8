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
