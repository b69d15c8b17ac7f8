"""Which nodes a global service wants a task on, by the rules of swarmkit's constraint package."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import ip_address, ip_network
from typing import Any


def attribute(node: Mapping[str, Any], key: str) -> str:
    """Return what a constraint's key says of a node; what is not there is empty."""
    description = node.get("Description", {})
    kind, _, label = key.partition("labels.")
    if kind == "node.":
        return str((node["Spec"].get("Labels") or {}).get(label, ""))
    if kind == "engine.":
        return str((description.get("Engine", {}).get("Labels") or {}).get(label, ""))
    values = {
        "node.id": node["ID"],
        "node.hostname": description.get("Hostname", ""),
        "node.role": node["Spec"].get("Role", ""),
        "node.ip": node["Status"].get("Addr", ""),
        "node.platform.os": description.get("Platform", {}).get("OS", ""),
        "node.platform.arch": description.get("Platform", {}).get("Architecture", ""),
    }
    return str(values.get(key, ""))


def matches(node: Mapping[str, Any], constraint: str) -> bool:
    """Tell whether a node meets one constraint, such as ``node.labels.tier==store``."""
    operator = "!=" if "!=" in constraint else "=="
    key, wanted = (part.strip() for part in constraint.split(operator, 1))
    found = attribute(node, key)
    if key == "node.ip":
        equal = ip_address(found) in ip_network(wanted)
    else:
        equal = found.lower() == wanted.lower()
    return equal == (operator == "==")


def wanted_nodes(
    nodes: Iterable[Mapping[str, Any]], constraints: Iterable[str]
) -> list[Mapping[str, Any]]:
    """Return the nodes that take tasks and meet every constraint.

    Nodes that are down or drained get no task. One of unknown state (a manager has just taken the
    lead) counts until it is known.
    """
    constraints = list(constraints)
    return [
        node
        for node in nodes
        if node["Status"]["State"] in ("ready", "unknown")
        and node["Spec"]["Availability"] == "active"
        and all(matches(node, constraint) for constraint in constraints)
    ]
