"""What an inventory says of a tier is obeyed wherever it is asked for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

TIERS = ("manager01", "interlock01", "frontend01", "frontend02", "worker01", "store01")


class Inventory:
    """The example's inventory, with variables of the test's own."""

    def __init__(self, root: Path, place: Path) -> None:
        self.root, self.place = root, place / "mine"
        shutil.copytree(root / "inventories/example", self.place)

    def say(self, of: str, **variables: object) -> None:
        """Write group_vars/frontend.yml and the like."""
        file = self.place / f"{of}.yml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(yaml.safe_dump(variables))

    def play(self, playbook: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["ansible-playbook", "-i", str(self.place), playbook],
            cwd=self.root,
            env=os.environ
            | {"ANSIBLE_CONFIG": str(self.root / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"},
            capture_output=True,
            text=True,
        )

    def heard(self, *names: str) -> dict[str, Any]:
        """Return what the role common tells each host, and this machine, of these settings."""
        answers = self.place.parent / "answers"
        answers.mkdir()
        play = {
            "hosts": "all:localhost",
            "gather_facts": False,
            "roles": ["landslide.voting.common"],
            "tasks": [
                {
                    "ansible.builtin.copy": {
                        "content": "{{ query('ansible.builtin.vars', *names) | to_json }}",
                        "dest": f"{answers}/{{{{ inventory_hostname }}}}",
                        "mode": "0600",
                    },
                    "delegate_to": "localhost",
                }
            ],
            "vars": {"names": names},
        }
        playbook = self.place.parent / "play.yml"
        playbook.write_text(json.dumps([play]))
        played = self.play(str(playbook))
        assert played.returncode == 0, played.stdout
        return {
            file.name: dict(zip(names, json.loads(file.read_text()), strict=True))
            for file in answers.iterdir()
        }


@pytest.fixture
def inventory(root: Path, tmp_path: Path) -> Inventory:
    return Inventory(root, tmp_path)


def test_every_host_hears_what_is_said_of_the_tier_that_owns_a_setting(
    inventory: Inventory,
) -> None:
    said = {
        "manager": {"registry_port": 5443, "swarm_network_name": "votes"},
        "interlock": {"interlock_metrics_port": 9404, "site_certificate": "/site.crt"},
        "frontend": {"frontend_port": 8001},
        "store": {"store_results_domain": "example.org"},
    }
    for tier, variables in said.items():
        inventory.say(f"group_vars/{tier}", **variables)
    expected = {name: value for variables in said.values() for name, value in variables.items()}
    expected |= {"site_https_only": True, "frontend_hostname": "votingapp"}
    heard = inventory.heard(*expected)
    assert heard == dict.fromkeys((*TIERS, "localhost"), expected)


def test_a_secret_that_is_given_is_obeyed_and_none_is_made(inventory: Inventory) -> None:
    inventory.say("group_vars/frontend", cookie_key="ours")
    inventory.say("group_vars/interlock", stats_password="ours, too")
    heard = inventory.heard("cookie_keys_accepted", "registry_port")
    assert not (inventory.place / ".landslide").exists()
    shutil.rmtree(inventory.place.parent / "answers")
    heard = inventory.heard("cookie_key", "stats_password")
    assert heard["frontend02"]["cookie_key"] == "ours"
    assert heard["interlock01"]["stats_password"] == "ours, too"
    # Who is given none is not refused here, but before: below.
    assert len(heard["store01"]["cookie_key"]) == 48


@pytest.mark.parametrize(
    ("of", "variables", "sentence"),
    [
        ("host_vars/frontend02", {"frontend_queue_memory": "1gb"}, "and 1gb on frontend02"),
        ("group_vars/store", {"swarm_api_port": 9999}, "and 9999 on store01"),
        ("group_vars/frontend", {"edge_token": "ours"}, "and not to interlock01"),
    ],
)
def test_hosts_that_disagree_are_named_before_any_machine_is_reached(
    of: str, variables: dict[str, object], sentence: str, inventory: Inventory
) -> None:
    assert inventory.play("playbooks/stages/inventory.yml").returncode == 0
    inventory.say(of, **variables)
    played = inventory.play("playbooks/stages/inventory.yml")
    assert played.returncode == 2
    assert sentence in " ".join(played.stdout.split())
    assert not (inventory.place / ".landslide").exists()
