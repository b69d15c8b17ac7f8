"""Tells whether an inventory describes a whole system."""

from __future__ import annotations

DOCUMENTATION = r"""
name: inventory_problems
short_description: Tell whether an inventory describes a whole system
version_added: 0.1.0
author:
  - Landslide (@landslide)
description:
  - Judges the groups and the addresses of an inventory before any host is contacted.
positional: hostvars, tiers
options:
  _input:
    description: The groups of the inventory with their hosts, as the variable C(groups) holds them.
    type: dict
    required: true
  hostvars:
    description: The variables of the hosts. Each host of a tier needs its own C(node_address).
    type: dict
    required: true
  tiers:
    description:
      - The groups that must be there, each with a list of the numbers of hosts it may have.
      - An empty list stands for any number from one.
    type: dict
    required: true
"""

EXAMPLES = r"""
problems: "{{ groups | landslide.voting.inventory_problems(hostvars, {'store': [1]}) }}"
"""

RETURN = r"""
_value:
  description: A sentence for each problem.
  type: list
  elements: str
"""

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from ipaddress import AddressValueError, IPv4Address
from typing import Any

# A name, an IPv4 or an IPv6 address
HOST_NAME = re.compile(r"[\w.:\[\]-]+", re.ASCII)
# How alike (0 to 1) a group's name is to the tier's that is missing, or that its hosts should be in
LIKE_A_MISSING_ONE = 0.6
LIKE_A_PRESENT_ONE = 0.8


def inventory_problems(
    groups: Mapping[str, Sequence[str]],
    hostvars: Mapping[str, Mapping[str, Any]],
    tiers: Mapping[str, Sequence[int]],
) -> list[str]:
    """Return a sentence for each problem; the arguments are documented above."""
    if not any(groups.values()):
        return [
            "the inventory matches no machine: none has been made yet, or it could not be read, "
            "as warnings above would tell"
        ]
    tiers_of: dict[str, list[str]] = {}
    for tier in tiers:
        for host in groups.get(tier, ()):
            tiers_of.setdefault(host, []).append(tier)
    return [
        *misread_files(groups),
        *missing_tiers(groups, tiers),
        *misspelt_groups(groups, tiers, tiers_of),
        *wrong_sizes(groups, tiers),
        # Ansible would take such a host for the whole group, and leave the others out.
        *(
            f"the host {host} has the name of a group; call it {host}01"
            for host in tiers_of
            if host in tiers
        ),
        *(
            f"{host} is in the groups {' and '.join(names)}; a host has one tier"
            for host, names in tiers_of.items()
            if len(names) > 1
        ),
        *wrong_addresses({host: hostvars[host].get("node_address") for host in tiers_of}),
    ]


def misread_files(groups: Mapping[str, Sequence[str]]) -> list[str]:
    """Tell of names that none can have: Ansible takes a file that it does not know for a list."""
    hosts = {host for names in groups.values() for host in names}
    odd = sorted(host for host in hosts if not HOST_NAME.fullmatch(host))
    if not odd:
        return []
    return [
        f"the inventory has {len(odd)} hosts such as {odd[0][:20]!a}, which are none: Ansible "
        "has read a file beside it as a list of hosts. A poll's pictures belong into "
        "group_vars/pictures, where it reads none"
    ]


def missing_tiers(
    groups: Mapping[str, Sequence[str]], tiers: Mapping[str, Sequence[int]]
) -> list[str]:
    """Name the groups that are absent, and what they may have been spelt like."""
    problems = []
    others = [name for name in groups if name not in tiers]
    for tier in tiers:
        if tier not in groups:
            close = get_close_matches(tier, others, 1, LIKE_A_MISSING_ONE)
            hint = f"; is the group {close[0]} meant to be it?" if close else ""
            problems.append(f"there is no group {tier}{hint}")
    return problems


def misspelt_groups(
    groups: Mapping[str, Sequence[str]],
    tiers: Mapping[str, Sequence[int]],
    tiers_of: Mapping[str, Sequence[str]],
) -> list[str]:
    """Name the groups like a present tier whose hosts would be left out."""
    present = [tier for tier in tiers if tier in groups]
    problems = []
    for name, hosts in groups.items():
        left_out = [host for host in hosts if host not in tiers_of]
        close = get_close_matches(name, present, 1, LIKE_A_PRESENT_ONE)
        if name not in tiers and left_out and close:
            problems.append(
                f"the group {name} seems to be {close[0]} misspelt: {', '.join(left_out)} "
                "would be left out"
            )
    return problems


def wrong_sizes(
    groups: Mapping[str, Sequence[str]], tiers: Mapping[str, Sequence[int]]
) -> list[str]:
    """Name the groups that are empty or have a number of hosts they may not have."""
    problems = []
    for tier, allowed in tiers.items():
        count = len(groups.get(tier, ()))
        if tier in groups and not count:
            problems.append(f"the group {tier} has no hosts")
        elif count and allowed and count not in allowed:
            numbers = " or ".join(str(number) for number in allowed)
            hosts = "host" if count == 1 else "hosts"
            problems.append(f"the group {tier} has {count} {hosts}; it may have {numbers}")
    return problems


def wrong_addresses(addresses: Mapping[str, Any]) -> list[str]:
    """Name the hosts whose address is missing, unusable or another's too."""
    problems = []
    hosts_at: dict[str, list[str]] = {}
    for host, address in addresses.items():
        if not address:
            problems.append(f"{host} has no node_address")
        elif not usable(str(address)):
            problems.append(f"{host} has the node_address {address}, which no host can have")
        else:
            hosts_at.setdefault(str(address), []).append(host)
    problems += [
        f"{' and '.join(hosts)} have the same node_address {address}"
        for address, hosts in hosts_at.items()
        if len(hosts) > 1
    ]
    return problems


def usable(address: str) -> bool:
    """Tell whether ``address`` is an IPv4 address that other hosts can reach."""
    try:
        parsed = IPv4Address(address)
    except AddressValueError:
        return False
    return not (parsed.is_loopback or parsed.is_multicast or parsed.is_unspecified)


class FilterModule:
    """Hands the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"inventory_problems": inventory_problems}
