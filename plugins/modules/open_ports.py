#!/usr/bin/python
"""Finds which ports of machines answer to whoever is where the module runs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: open_ports
short_description: Find which ports of machines answer from outside
version_added: 1.1.0
description:
  - Connects to ports that are not for everybody, all at once, and warns of each that answers.
  - Changes nothing, and does not fail because of one.
author:
  - Landslide (@landslide)
options:
  hosts:
    description:
      - The machines, their names as keys. Each value is a dictionary with C(public), the address or
        name that it is reached by from here, C(private), its address on the network of the nodes,
        and C(ports), such as V(2377/tcp).
      - A machine whose two addresses are the same is left out, as is one at a loopback address, and
        as are ports that are not of TCP.
    type: dict
    required: true
attributes:
  check_mode:
    description: Runs the same in check mode.
    support: full
  diff_mode:
    description: Has nothing to show.
    support: none
"""

EXAMPLES = r"""
- name: What answers from outside is known
  landslide.voting.open_ports:
    hosts:
      store01: {public: 203.0.113.250, private: 192.168.33.250, ports: [7946/tcp, 8406/tcp]}
  delegate_to: localhost
"""

RETURN = r"""
problems:
  description: A sentence for each machine with such ports.
  returned: always
  type: list
  elements: str
"""

import asyncio
import socket
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.landslide.voting.plugins.module_utils.preflight.probe import answers

SECONDS = 1.5


def outside(public: str, private: str) -> str:
    """Return the IPv4 address of ``public`` where it is not that of the nodes' network, else ""."""
    try:
        address = socket.gethostbyname(public)
    except OSError:  # a name of the user's SSH configuration
        return ""
    return "" if address == private or ip_address(address).is_loopback else address


def open_ports(hosts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each machine with ports that answer; ``hosts`` as documented above."""
    wanted = [
        (name, address, port)
        for name, host in hosts.items()
        if (address := outside(host["public"], host["private"]))
        for port in host["ports"]
        if port.endswith("/tcp")
    ]
    ports = [(address, port) for _, address, port in wanted]
    good = asyncio.run(answers("", ports, SECONDS))
    found: dict[tuple[str, str], list[str]] = {}
    for (name, address, port), answered in zip(wanted, good, strict=True):
        if answered:
            found.setdefault((name, address), []).append(port)
    return [sentence(name, address, listed) for (name, address), listed in found.items()]


def sentence(name: str, address: str, ports: Sequence[str]) -> str:
    """Say what answers, and that it should not."""
    return (
        f"{name} answers at {address} on port {', '.join(ports)}, which is for its private "
        "network only: let a firewall close it to everybody else."
    )


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={"hosts": {"type": "dict", "required": True}}, supports_check_mode=True
    )
    problems = open_ports(module.params["hosts"])
    for problem in problems:
        module.warn(problem)
    module.exit_json(changed=False, problems=problems)


if __name__ == "__main__":
    main()
