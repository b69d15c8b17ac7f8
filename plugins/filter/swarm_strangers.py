"""Tells which members of a Swarm are no hosts of the inventory."""

from __future__ import annotations

DOCUMENTATION = r"""
name: swarm_strangers
short_description: Tell which members of a Swarm are no hosts of the inventory
version_added: 1.1.0
author:
  - Landslide (@landslide)
description:
  - Names each node that was taken out of the inventory and not out of the Swarm.
  - A node that is down is none where one of its hostname is ready, whose dead twin it is.
positional: identities, addresses
options:
  _input:
    description: The nodes, as M(community.docker.docker_node_info) returns them.
    type: list
    elements: dict
    required: true
  identities:
    description: The IDs of the inventory's nodes, as far as they are known.
    type: list
    elements: str
    required: true
  addresses:
    description: The addresses of all hosts of the inventory.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
strangers: "{{ listed.nodes | landslide.voting.swarm_strangers(['abc'], ['192.168.33.11']) }}"
"""

RETURN = r"""
_value:
  description: A sentence for each such node, with what to do.
  type: list
  elements: str
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any


def swarm_strangers(
    nodes: Sequence[Mapping[str, Any]], identities: Collection[str], addresses: Collection[str]
) -> list[str]:
    """Return a sentence for each stranger; the arguments are documented above."""
    ready = {
        node["Description"]["Hostname"] for node in nodes if node["Status"]["State"] == "ready"
    }
    sentences = []
    for node in nodes:
        name, status = node["Description"]["Hostname"], node["Status"]
        dead_twin = status["State"] == "down" and name in ready
        if node["ID"] in identities or status.get("Addr") in addresses or dead_twin:
            continue
        tier = node["Spec"].get("Labels", {}).get("tier", "node without a tier")
        sentences.append(
            f"{name} ({status.get('Addr')}, {tier}, {status['State']}) is in the Swarm and not in "
            f"the inventory. {cure(tier, node['ID'])}"
        )
    return sentences


def cure(tier: str, identity: str) -> str:
    """Say how a node of this tier gets out of the Swarm without a vote being lost."""
    remove = f'"docker node rm --force {identity}" on a manager'
    if tier == "frontend":
        return (
            'Write it in again and run "./landslide retire": its queue may hold votes. If the '
            f"machine and its disk are gone for good, {remove}."
        )
    if tier == "worker":
        return f'Write it in again and run "./landslide retire", or, if it is gone, {remove}.'
    if tier == "manager":
        return f'Write it in again, or "docker node demote {identity}", then {remove}.'
    return f"Write it in again, or, if it is gone for good, {remove}."


class FilterModule:
    """Hands the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"swarm_strangers": swarm_strangers}
