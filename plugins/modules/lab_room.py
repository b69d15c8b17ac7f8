#!/usr/bin/python
"""Tells whether a machine has room for a lab's node: free ports, and a free network."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lab_room
short_description: Make sure that a machine has room for a lab's node
version_added: 1.0.0
description:
  - Fails with a sentence for each port that is in use, and for each route that meets the subnet.
  - Changes nothing.
author:
  - Landslide (@landslide)
options:
  ports:
    description: The ports to be published, as C(ADDRESS:PORT:NODE_PORT). TCP only.
    type: list
    elements: str
    required: true
  subnet:
    description: The network (CIDR) to be made. Empty where it is there already.
    type: str
    default: ""
  address:
    description: The address of the node in O(subnet).
    type: str
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
- name: The machine has room
  landslide.voting.lab_room:
    ports: ["127.0.0.1:2211:22"]
    subnet: 192.168.33.0/24
    address: 192.168.33.11
"""

RETURN = r""" # """

import json
import socket
from collections.abc import Iterable, Mapping
from ipaddress import ip_address, ip_network
from typing import Any

from ansible.module_utils.basic import AnsibleModule


def taken_ports(ports: Iterable[str]) -> list[str]:
    """Return a sentence for each of ``ports`` that nothing can be published on."""
    problems = []
    for published in ports:
        address, port, _ = published.split(":")
        with socket.socket() as probe:
            # As the engine does: a connection that is only closing does not hold a port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, int(port)))
            except OSError as error:
                problems.append(
                    f"Port {port} of {address} cannot be used ({error.strerror}): stop what uses "
                    f'it ("ss -ltnp sport = :{port}" shows it), or choose another in the inventory.'
                )
    return problems


def met_routes(subnet: str, routes: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each route that ``subnet`` meets, of those ``ip -json route`` tells.

    Default routes meet everything and are left out, as are the halves that VPN clients set.
    """
    network = ip_network(subnet)
    problems = []
    for route in routes:
        if route["dst"] == "default" or ip_network(route["dst"]).prefixlen <= 1:
            continue
        if network.overlaps(ip_network(route["dst"])):
            problems.append(
                f"The lab's network {subnet} overlaps this machine's route to {route['dst']} on "
                f"{route.get('dev', 'no device')}: choose another lab_network in the inventory."
            )
    return problems


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "ports": {"type": "list", "elements": "str", "required": True},
            "subnet": {"type": "str", "default": ""},
            "address": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    ports, subnet, address = (module.params[key] for key in ("ports", "subnet", "address"))
    problems = taken_ports(ports)
    if subnet:
        if ip_address(address) not in ip_network(subnet):
            problems.append(f"The node's address {address} is not in the lab's network {subnet}.")
        routes = json.loads(module.run_command(["ip", "-json", "-4", "route"], check_rc=True)[1])
        problems += met_routes(subnet, routes)
    if problems:
        module.fail_json(msg=" ".join(problems))
    module.exit_json(changed=False)


if __name__ == "__main__":
    main()
