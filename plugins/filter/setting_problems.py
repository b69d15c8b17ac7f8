"""Finds shared settings of a wrong type, and settings on which hosts disagree."""

from __future__ import annotations

DOCUMENTATION = r"""
name: setting_problems
short_description: Find settings of a wrong type, and hosts that disagree on one
version_added: 1.1.0
author:
  - Landslide (@landslide)
description:
  - A Swarm service has one specification, which all hosts of its tier share; ports and names that
    several tiers use have one value. Says where an inventory gives hosts different ones.
  - Also says which settings of C(common) are not of their type. Ansible would validate them once in
    each play, for the roles that depend on it.
  - The value of a secret is never part of a sentence.
positional: hostvars, specs, owners, deployers, secrets
options:
  _input:
    description: The inventory's groups, each with its hosts.
    type: dict
    required: true
  hostvars:
    description: The variables of each host.
    type: dict
    required: true
  specs:
    description: The argument specs of C(common) and of each role of O(deployers).
    type: dict
    required: true
  owners:
    description: The tier that owns settings of C(common), by the first word of their names.
    type: dict
    required: true
  deployers:
    description: The roles that deploy for a whole tier, each with its tier.
    type: dict
    required: true
  secrets:
    description: The secrets, each with the tiers that hold it.
    type: dict
    required: true
"""

EXAMPLES = r"""
problems: >-
  {{ groups | landslide.voting.setting_problems(hostvars, specs, owners, deployers, secrets) }}
"""

RETURN = r"""
_value:
  description: A sentence for each problem.
  type: list
  elements: str
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

Groups = Mapping[str, Sequence[str]]
HostVars = Mapping[str, Mapping[str, Any]]
UNSET = "not set"
# The first port that a program may listen on that is not root's
UNPRIVILEGED = 1024


def setting_problems(
    groups: Groups,
    hostvars: HostVars,
    specs: Mapping[str, Mapping[str, Any]],
    owners: Mapping[str, str],
    deployers: Mapping[str, str],
    secrets: Mapping[str, Sequence[str]],
) -> list[str]:
    """Return a sentence for each problem; the arguments are documented above."""
    # Ansible puts a host's variables together each time that they are looked up.
    hostvars = {host: hostvars[host] for hosts in groups.values() for host in hosts}
    everyone = members(groups, dict.fromkeys(owners.values()))
    problems = [*type_problems(dict(options(specs["common"])), everyone, hostvars)]
    for name, option in specs["common"]["settings"]["options"].items():
        tier = owners.get(name.partition("_")[0])
        if tier:
            # Who is silent asks the tier's first host.
            owner = groups.get(tier, ())[:1]
            default = next((hostvars[host].get(name) for host in owner), None)
            if default is None:
                default = option.get("default", UNSET)
            problems += disagreement(name, everyone, hostvars, default)
    problems += port_problems(members(groups, ["frontend"]), hostvars)
    for role, tier in deployers.items():
        for name, option in options(specs[role]):
            if "default" in option:
                hosts = members(groups, [tier])
                problems += disagreement(name, hosts, hostvars, option["default"])
    for name, tiers in secrets.items():
        problems += secret_problems(name, members(groups, tiers), hostvars)
    return problems


def members(groups: Groups, tiers: Sequence[str] | Mapping[str, Any]) -> list[str]:
    """Return the hosts of these tiers."""
    return [host for tier in tiers for host in groups.get(tier, ())]


def options(spec: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Return each option of a role, of whichever entry point."""
    for entry in spec.values():
        yield from entry["options"].items()


def type_problems(
    described: Mapping[str, Mapping[str, Any]], hosts: Sequence[str], hostvars: HostVars
) -> Iterator[str]:
    """Say which values are not of the type that the spec of their setting has."""
    judged = ("type", "elements", "choices", "options")
    having: dict[str, list[str]] = {}
    for host in hosts:
        given = {name: hostvars[host][name] for name in described if name in hostvars[host]}
        spec = {
            name: {part: described[name][part] for part in judged if part in described[name]}
            for name in given
        }
        for error in ArgumentSpecValidator(spec).validate(given).error_messages:
            having.setdefault(error, []).append(host)
    for error, who in having.items():
        yield f"{', '.join(who)}: {error}"


def port_problems(hosts: Sequence[str], hostvars: HostVars) -> Iterator[str]:
    """Say which port of the voting app, which is on its host's network and not root, cannot be."""
    ports = {str(hostvars[host].get("frontend_port", UNPRIVILEGED)) for host in hosts}
    for port in sorted(ports):
        if port.isdecimal() and int(port) < UNPRIVILEGED:
            yield f"frontend_port is {port}; the voting app can listen on {UNPRIVILEGED} and above"


def disagreement(
    name: str, hosts: Sequence[str], hostvars: HostVars, default: Any
) -> Iterator[str]:
    """Say which hosts have which values of a setting, where there is more than one."""
    having: dict[str, list[str]] = {}
    for host in hosts:
        # On the command line, all is text.
        having.setdefault(str(hostvars[host].get(name, default)), []).append(host)
    if len(having) > 1:
        values = ", and ".join(f"{value} on {', '.join(who)}" for value, who in having.items())
        yield f"{name} has one value for all of these hosts, and is {values}"


def secret_problems(name: str, hosts: Sequence[str], hostvars: HostVars) -> Iterator[str]:
    """Say which hosts lack a secret that others are given, have another one, or an empty one."""
    given = {host: str(hostvars[host][name]) for host in hosts if name in hostvars[host]}
    lacking = [host for host in hosts if host not in given]
    if given and lacking:
        yield (
            f"{name} is given to {', '.join(given)} and not to {', '.join(lacking)}; "
            "it is one secret, which all of them share"
        )
    if len(set(given.values())) > 1:
        yield f"{name} is not the same on {', '.join(given)}; it is one secret, which they share"
    if "" in given.values():
        yield f"{name} is empty; leave it out, and one is made"


class FilterModule:
    """Hands the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"setting_problems": setting_problems}
