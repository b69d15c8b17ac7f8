"""The table of ports is the one that operators read, and no rule is of another."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

HOSTS = {
    "all hosts": "machine",
    "all hosts but load balancers": "swarm",
    "managers": "manager",
    "the first manager": "manager",
    "load balancers": "interlock",
    "frontends": "frontend",
}
ROW = re.compile(r"\| (?:`(\w+)` \()?(\d+)/(tcp|udp)\)? \| (.+?) \| (.+?) \|")
DEFAULT = re.compile(r"^(\w+_port): .* default\((\d+)\) \}\}\"$", re.MULTILINE)


def words(cell: str) -> list[str]:
    return [HOSTS.get(word, word) for word in cell.split(", ")]


def table(root: Path) -> list[dict[str, Any]]:
    content = yaml.safe_load((root / "roles/common/vars/main/ports.yml").read_text())
    rows: list[dict[str, Any]] = content["__common_ports"]
    return rows


def test_the_page_has_the_table(root: Path) -> None:
    text = (root / "docs/operations.md").read_text()
    section = text.partition("\n## Firewalls\n")[2].partition("\n## ")[0]
    documented = {
        (f"{{{{ {name} }}}}/{protocol}" if name else f"{number}/{protocol}", to, client)
        for name, number, protocol, to_cell, from_cell in ROW.findall(section)
        for to in words(to_cell)
        for client in words(from_cell)
    }
    assert documented == {(row["port"], row["to"], row["from"]) for row in table(root)}


def test_the_page_has_the_defaults(root: Path) -> None:
    defaults = dict(DEFAULT.findall((root / "roles/common/defaults/main/settings.yml").read_text()))
    told = {
        name: number
        for name, number, *_ in ROW.findall((root / "docs/operations.md").read_text())
        if name
    }
    assert told.items() <= defaults.items()


def test_a_port_is_numbered_in_one_place(tracked: list[Path], root: Path) -> None:
    """Those of the Swarm are no setting; of all other ports the name is used."""
    numbers = {row["port"] for row in table(root) if "{{" not in row["port"]}
    templates = [path for path in tracked if path.match("roles/*/templates/*")]
    found = {
        f"{path.parent.parent.name}: {number}"
        for path in templates
        for number in numbers
        if re.search(rf"\b{number.split('/')[0]}\b", path.read_text())
    }
    assert found == set()


def test_a_port_for_everybody_is_not_warned_of(root: Path) -> None:
    """Voters' and viewers' may be open at a host's public address, and no other."""
    served = {"80/tcp": ["interlock", "viewers"], "443/tcp": ["voters"], "8406/tcp": ["operators"]}
    given = {
        "preflight_hosts": ["localhost"],
        "node_address": "192.0.2.1",
        "__preflight_served": served,
    }
    command = ["ansible", "localhost", "-m", "ansible.builtin.debug"]
    command += ["-a", "msg={{ __preflight_from_outside.localhost.ports | to_json }}"]
    command += ["-e", "@roles/preflight/vars/main.yml", "-e", json.dumps(given)]
    told = subprocess.run(
        command,
        cwd=root,
        env=os.environ | {"ANSIBLE_CONFIG": str(root / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.findall(r"\d+/tcp", told.stdout) == ["8406/tcp"], told.stdout
