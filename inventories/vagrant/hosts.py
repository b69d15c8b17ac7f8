#!/usr/bin/env python3
"""The machines that Vagrant has up, as it reaches them: an inventory for Ansible, in JSON.

A machine's name says its group: frontend01 is a frontend. Addresses are in group_vars.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def ssh_config() -> str:
    """Return the output of `vagrant ssh-config`; ends with a sentence if it names no machine."""
    try:
        result = subprocess.run(
            ["vagrant", "ssh-config"], cwd=ROOT, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        sys.exit("Vagrant is not installed, and the machines of this inventory are Vagrant's.")
    # It fails where one machine is not up, and lists the others all the same.
    if "HostName" not in result.stdout:
        sys.exit(f'No machine is up that Vagrant knows of: "vagrant up" first. {result.stderr}')
    return result.stdout


def machines(config: str) -> dict[str, dict[str, str]]:
    """Return the settings of each host of an SSH configuration, by its name."""
    found: dict[str, dict[str, str]] = {}
    for line in config.splitlines():
        key, _, value = line.strip().partition(" ")
        if key == "Host":
            host = found.setdefault(value, {})
        elif key:
            host.setdefault(key, value.strip('"'))
    return found


def variables(machine: dict[str, str]) -> dict[str, str]:
    """Return what Ansible has to know to reach a machine."""
    key = Path(machine["IdentityFile"])
    data = key.parent  # what Vagrant keeps of this machine
    return {
        "ansible_host": machine["HostName"],
        "ansible_port": machine["Port"],
        "ansible_user": machine["User"],
        "ansible_ssh_private_key_file": str(key),
        # A host key is known by the machine's id: its port may be another machine's soon.
        "ansible_ssh_common_args": (
            f"-o UserKnownHostsFile={data / 'known_hosts'} -o GlobalKnownHostsFile=/dev/null "
            f"-o HostKeyAlias={(data / 'id').read_text()} -o StrictHostKeyChecking=accept-new "
            "-o IdentitiesOnly=yes"
        ),
    }


def inventory(found: dict[str, dict[str, str]]) -> dict[str, object]:
    """Return the inventory, as Ansible reads it from a program."""
    tiers = {tier: {"hosts": []} for tier in sorted({name[:-2] for name in found})}
    for name in found:
        tiers[name[:-2]]["hosts"].append(name)
    return {
        "_meta": {"hostvars": {name: variables(machine) for name, machine in found.items()}},
        **tiers,
    }


if __name__ == "__main__":
    print(json.dumps(inventory(machines(ssh_config())), indent=2))
