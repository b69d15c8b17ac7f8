"""Makes one list of what every node's preflight has found."""

from __future__ import annotations

DOCUMENTATION = r"""
name: node_problems
short_description: Make one list of what every node's preflight has found
version_added: 0.1.0
author:
  - Landslide (@landslide)
description:
  - Puts the hosts' names before each problem, and adds what only shows in all results together.
positional: max_clock_spread
options:
  _input:
    description: The results of M(landslide.voting.preflight), by host.
    type: dict
    required: true
  max_clock_spread:
    description: The most that two clocks may differ by, in seconds.
    type: float
    required: true
seealso:
  - module: landslide.voting.preflight
"""

EXAMPLES = r"""
problems: "{{ {inventory_hostname: node} | landslide.voting.node_problems(10) }}"
"""

RETURN = r"""
_value:
  description: A sentence for each problem.
  type: list
  elements: str
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.landslide.voting.plugins.module_utils.preflight.probe import BLOCKED

# Some of Ansible's words for a password that it was not given
SUDO = re.compile(r"Missing sudo password|sudo: a password is required")


def node_problems(results: Mapping[str, Mapping[str, Any]], max_clock_spread: float) -> list[str]:
    """Return a sentence for each problem; the arguments are documented above."""
    hosts_with: dict[str, list[str]] = {}
    for host, result in results.items():
        message = " ".join(str(result.get("msg", "")).split())
        if result.get("unreachable"):
            found = [f"cannot be reached: {message}"]
        else:
            hint = ": give it by --ask-become-pass (-K)" if SUDO.search(message) else ""
            found = result.get("problems", [f"the checks could not run: {message}{hint}"])
        for problem in found:
            hosts_with.setdefault(problem, []).append(host)
    problems = [f"{', '.join(hosts)}: {problem}" for problem, hosts in hosts_with.items()]
    offsets = {
        host: result["clock_offset"] for host, result in results.items() if "clock_offset" in result
    }
    hostnames = {
        host: result["hostname"] for host, result in results.items() if "hostname" in result
    }
    machines = {host: result["machine"] for host, result in results.items() if "machine" in result}
    firewalls = {
        host: result["firewalls"] for host, result in results.items() if result.get("firewalls")
    }
    return [
        *problems,
        *(firewall_hints(firewalls) if any(BLOCKED in problem for problem in problems) else []),
        *hostname_problems(hostnames),
        *machine_problems(machines),
        *clock_problems(offsets, max_clock_spread),
    ]


def firewall_hints(firewalls: Mapping[str, Sequence[str]]) -> list[str]:
    """Name the firewalls that are active on hosts, since some port cannot be reached."""
    return [
        f"{host}: {' and '.join(names)} may be what blocks these ports: let the nodes reach them"
        for host, names in firewalls.items()
    ]


def hostname_problems(hostnames: Mapping[str, str]) -> list[str]:
    """Name the hosts that share a hostname, by which the Swarm and the load balancer know them."""
    hosts_named: dict[str, list[str]] = {}
    for host, hostname in hostnames.items():
        hosts_named.setdefault(hostname, []).append(host)
    return [
        f"{' and '.join(hosts)} have the same hostname {hostname}: give each one of its own "
        "(hostnamectl set-hostname)"
        for hostname, hosts in hosts_named.items()
        if len(hosts) > 1
    ]


def machine_problems(machines: Mapping[str, str]) -> list[str]:
    """Judge the kinds of the hosts' processors: the images are built once, on the first manager."""
    hosts_of: dict[str, list[str]] = {}
    for host, machine in machines.items():
        hosts_of.setdefault(machine, []).append(host)
    if len(hosts_of) < 2:
        return []
    listed = "; ".join(f"{', '.join(hosts)}: {machine}" for machine, hosts in hosts_of.items())
    return [f"all machines have to be of one kind, for which the images are built ({listed})"]


def clock_problems(offsets: Mapping[str, float], max_spread: float) -> list[str]:
    """Judge the clocks, given as seconds ahead of one and the same other clock."""
    if not offsets:
        return []
    first, last = min(offsets, key=offsets.__getitem__), max(offsets, key=offsets.__getitem__)
    spread = offsets[last] - offsets[first]
    if spread <= max_spread:
        return []
    return [
        f"the clock of {last} is {spread:.1f} s ahead of the clock of {first}; "
        f"{max_spread:g} s are allowed"
    ]


class FilterModule:
    """Hands the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"node_problems": node_problems}
