#!/usr/bin/python
"""Finds everything at once that would keep a machine from being a node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: preflight
short_description: Find everything that would keep a machine from being a node
version_added: 0.1.0
description:
  - Looks at the distribution, the kernel, the disk, the ports, the addresses and the way to the
    other nodes, and returns each problem as a sentence.
  - Changes nothing and does not fail because of a problem. It works the same on a bare machine
    (Python, systemd, iproute2) and on one that is a node already.
  - Warns of what may work and has not been tried.
  - Links are tried in a network namespace that ends with the attempt. The kernel may load a module
    for that, as it will for Docker.
author:
  - Landslide (@landslide)
options:
  node_address:
    description: The machine's own IPv4 address on the network of the nodes.
    type: str
    required: true
  peers:
    description:
      - The other nodes to reach, their names as keys and their IPv4 addresses as values.
      - An entry with the machine's own address is left out.
    type: dict
    default: {}
  peer_ports:
    description:
      - The ports that must be reached of each of O(peers), by its name, such as V(2377/tcp).
      - Something has to answer there, a datagram of the prober's by the same one.
    type: dict
    default: {}
  packet_size:
    description:
      - The size, in bytes, of the IP packets that must reach each peer unfragmented.
      - It is the MTU of the overlay networks and 50 bytes for VXLAN.
    type: int
    default: 1500
  ports:
    description:
      - The ports that the node is to serve, such as V(2377/tcp) or V(4789/udp).
      - One that the Docker engine or a container holds already is no problem.
    type: list
    elements: str
    default: []
  address_pools:
    description:
      - The networks (CIDR) out of which Docker is to make its own.
      - They must not meet the machine's routes, its resolvers, the nodes, the controller, one
        another, or the networks that Docker takes for itself.
    type: list
    elements: str
    default: []
  daemon_config:
    description:
      - The engine's settings that are to be added to those in C(/etc/docker/daemon.json).
      - They must not contradict those, nor keep the machine from being a node.
    type: dict
    default: {}
  docker_root:
    description:
      - The directory that is to hold Docker's data, unless the engine's settings name another.
      - It need not exist yet.
    type: path
    default: /var/lib/docker
  free_disk:
    description: The free space that O(docker_root) needs, in MiB.
    type: int
    default: 2048
  tracked_connections:
    description: How many connections the kernel has to have room for in its table.
    type: int
    default: 0
  encrypted:
    description: Whether overlay networks are to be encrypted, for which the kernel needs ESP.
    type: bool
    default: false
  cgroup_controllers:
    description: The control group controllers that the limits of services need.
    type: list
    elements: str
    choices: [cpu, memory]
    default: []
  controller_time:
    description:
      - The controller's time as the task starts, in seconds since the Unix epoch.
      - With it, RV(clock_offset) can be compared across nodes, in whatever order they were asked.
    type: float
attributes:
  check_mode:
    description: Runs the same in check mode.
    support: full
  diff_mode:
    description: Has nothing to show.
    support: none
"""

EXAMPLES = r"""
- name: Look for problems
  landslide.voting.preflight:
    node_address: 192.168.33.20
    peers: {manager: 192.168.33.11, store: 192.168.33.250}
    ports: [7946/tcp, 7946/udp, 4789/udp, 8000/tcp]
    address_pools: [172.30.0.0/16]
    controller_time: "{{ now().timestamp() }}"
  register: node
"""

RETURN = r"""
problems:
  description: A sentence for each problem.
  returned: always
  type: list
  elements: str
  sample:
    - port 80/tcp is taken by nginx (process 812)
    - no interface of this node has the address 192.168.33.20
time:
  description: The machine's time, in seconds since the Unix epoch.
  returned: always
  type: float
  sample: 1795190400.25
hostname:
  description: The machine's hostname, which no other node may have.
  returned: always
  type: str
  sample: frontend01
machine:
  description: The kind of the machine's processor, of which all nodes must be.
  returned: always
  type: str
  sample: x86_64
untried:
  description: A sentence for each property of the machine on which Landslide has not been tried.
  returned: always
  type: list
  elements: str
firewalls:
  description: The firewalls of the machine's owner that are active.
  returned: always
  type: list
  elements: str
  sample: [ufw]
firewalled:
  description: Whether the machine has the firewall of the role C(firewall).
  returned: always
  type: bool
clock_offset:
  description: How far the machine's clock is ahead of O(controller_time), in seconds.
  returned: when O(controller_time) is given
  type: float
  sample: 0.71
"""

import json
import os
import platform
import time
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.landslide.voting.plugins.module_utils.preflight import firewalls, system
from ansible_collections.landslide.voting.plugins.module_utils.preflight.addresses import (
    address_problems,
    link_with,
    pool_problems,
    read_resolvers,
    taken_networks,
)
from ansible_collections.landslide.voting.plugins.module_utils.preflight.daemon import (
    read_settings,
)
from ansible_collections.landslide.voting.plugins.module_utils.preflight.docker_networks import (
    docker_network_problems,
    docker_networks,
    made_networks,
    ssh_client,
)
from ansible_collections.landslide.voting.plugins.module_utils.preflight.kernel import (
    encryption_problems,
    feature_problems,
    link_problems,
)
from ansible_collections.landslide.voting.plugins.module_utils.preflight.netfilter import (
    netfilter_problems,
)
from ansible_collections.landslide.voting.plugins.module_utils.preflight.ports import check_ports
from ansible_collections.landslide.voting.plugins.module_utils.preflight.probe import (
    probe_problems,
    unanswered_ports,
)
from ansible_collections.landslide.voting.plugins.module_utils.preflight.reach import (
    largest_answers,
    reach_problems,
)


def machine(params: dict[str, Any], settings: dict[str, Any]) -> list[str]:
    """Return the problems of the machine and its kernel."""
    docker_root = Path(settings.get("data-root", params["docker_root"]))
    return [
        *system.distribution_problems(platform.freedesktop_os_release()),
        *system.systemd_problems(),
        *feature_problems(Path("/lib/modules", platform.release())),
        *link_problems(),
        *netfilter_problems(),
        *(encryption_problems() if params["encrypted"] else []),
        *system.cgroup_problems(params["cgroup_controllers"]),
        *system.disk_problems(docker_root, params["free_disk"]),
        *system.tracking_problems(params["tracked_connections"]),
        *check_ports(params["ports"]),
    ]


def network(module: AnsibleModule, settings: dict[str, Any]) -> list[str]:
    """Return the problems of the node's addresses and of the way to its peers."""
    params = module.params
    own = params["node_address"]
    peers = {name: address for name, address in params["peers"].items() if address != own}
    links = json.loads(module.run_command(["ip", "-json", "address"], check_rc=True)[1])
    routes = json.loads(module.run_command(["ip", "-json", "-4", "route"], check_rc=True)[1])
    taken, resolvers = taken_networks(routes), read_resolvers()
    addresses = dict.fromkeys(resolvers, "the resolver")
    addresses |= {address: f"the node {name}" for name, address in peers.items()}
    if client := ssh_client():
        addresses[client] = "the controller"
    pools = params["address_pools"]
    wrong_pools = pool_problems(pools, taken, addresses)
    problems = [*address_problems(own, links, params["packet_size"]), *wrong_pools]
    made = made_networks(routes)
    try:
        networks = docker_networks(settings, made, taken, resolvers)
    except (ValueError, KeyError, TypeError) as error:
        problems.append(f"bip or default-address-pools of the engine's settings is none: {error}")
    else:
        problems += docker_network_problems(
            networks, made, [] if wrong_pools else pools, taken, addresses
        )
    link = link_with(own, links)
    if link is not None:
        size = min(params["packet_size"], link["mtu"])
        problems += reach_problems(peers, largest_answers(own, peers.values(), size), size)
        problems += probe_problems(peers, unanswered_ports(own, peers, params["peer_ports"]))
    return problems


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "node_address": {"type": "str", "required": True},
            "peers": {"type": "dict", "default": {}},
            "peer_ports": {"type": "dict", "default": {}},
            "packet_size": {"type": "int", "default": 1500},
            "ports": {"type": "list", "elements": "str", "default": []},
            "address_pools": {"type": "list", "elements": "str", "default": []},
            "daemon_config": {"type": "dict", "default": {}},
            "docker_root": {"type": "path", "default": "/var/lib/docker"},
            "free_disk": {"type": "int", "default": 2048},
            "tracked_connections": {"type": "int", "default": 0},
            "encrypted": {"type": "bool", "default": False},
            "cgroup_controllers": {
                "type": "list",
                "elements": "str",
                "choices": ["cpu", "memory"],
                "default": [],
            },
            "controller_time": {"type": "float"},
        },
        supports_check_mode=True,
    )
    now = time.time()
    result: dict[str, Any] = {
        "time": now,
        "hostname": platform.node(),
        "machine": platform.machine(),
        "untried": system.untried(platform.freedesktop_os_release(), platform.machine()),
        "firewalls": firewalls.active_firewalls(),
        "firewalled": firewalls.OWN.exists(),
    }
    for sentence in result["untried"]:
        module.warn(sentence)
    if module.params["controller_time"] is not None:
        result["clock_offset"] = now - module.params["controller_time"]
    if os.geteuid() == 0:
        settings, problems = read_settings(module.params["daemon_config"])
        result["problems"] = problems + machine(module.params, settings) + network(module, settings)
    else:
        result["problems"] = ["the checks have to run as root, by become"]
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
