"""The inventories are understood by Ansible and describe a whole system."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


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


def judge(root: Path, variables: object) -> tuple[int, str]:
    """Judge the example's inventory with these variables: the status, and what was said."""
    command = ["ansible-playbook", "playbooks/stages/inventory.yml", "-i", "inventories/example"]
    judged = subprocess.run(
        [*command, "-e", json.dumps(variables)],
        cwd=root,
        env=os.environ | {"ANSIBLE_CONFIG": str(root / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
    )
    return judged.returncode, judged.stdout


def test_a_poll_that_cannot_be_asked_is_found_before_any_machine_is_reached(root: Path) -> None:
    assert judge(root, {})[0] == 0
    poll = {"title": "T", "question": "Q", "choices": []}
    status, said = judge(root, {"poll_definition": poll})
    assert status == 2
    assert "the poll needs a list of 2 to 20 choices" in said


def test_a_certificate_with_anothers_key_is_found_before_any_machine_is_reached(
    root: Path, tmp_path: Path
) -> None:
    for name in ("own", "other"):
        request = f"openssl req -x509 -newkey rsa:2048 -nodes -subj /CN={name} -days 1"
        files = ["-keyout", f"{tmp_path}/{name}.key", "-out", f"{tmp_path}/{name}.crt"]
        subprocess.run([*request.split(), *files], check=True, capture_output=True)
    own = {"site_certificate": f"{tmp_path}/own.crt", "site_key": f"{tmp_path}/own.key"}
    assert judge(root, own)[0] == 0
    for mistake, sentence in (
        ({"site_key": f"{tmp_path}/other.key"}, "site_key is not the key of site_certificate"),
        ({"site_key": ""}, "site_certificate and site_key belong together"),
    ):
        status, said = judge(root, own | mistake)
        assert (status, sentence in said) == (2, True), said


PICTURE = '<svg xmlns="http://www.w3.org/2000/svg"/>\n'


@pytest.mark.parametrize(
    ("place", "settings"),
    [("group_vars/pictures", ""), ("pictures", (ROOT / "ansible.cfg").read_text())],
    ids=["documented, with Ansible's own settings", "anywhere, with the checkout's settings"],
)
def test_a_picture_is_no_inventory(place: str, settings: str, root: Path, tmp_path: Path) -> None:
    inventory = tmp_path / "mine"
    shutil.copytree(root / "inventories/example", inventory)
    (inventory / place).mkdir(parents=True)
    for picture in ("tea.svg", "tea.png", "tea.webp", "tea.jpg", "tea.jpeg"):
        (inventory / place / picture).write_text(PICTURE)
    (tmp_path / "ansible.cfg").write_text(settings)
    hosts = {}
    for source in (root / "inventories/example", inventory):
        listed = subprocess.run(
            ["ansible", "-i", str(source), "all", "--list-hosts"],
            cwd=root,
            env=os.environ | {"ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg")},
            check=True,
            capture_output=True,
            text=True,
        )
        hosts[source] = listed.stdout.splitlines()
    assert hosts[inventory] == hosts[root / "inventories/example"]
