"""Builds the dictionaries of Docker's API that the tests judge."""

from datetime import UTC, datetime
from typing import Any

SPEC: dict[str, Any] = {"ContainerSpec": {"Image": "new"}, "ForceUpdate": 0}
OLD_SPEC: dict[str, Any] = {"ContainerSpec": {"Image": "old"}, "ForceUpdate": 0}


def at(seconds: float) -> str:
    """Write a time the way Docker does, with nanoseconds."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "789Z"


def node(name: str, state: str = "ready", tier: str = "web") -> dict[str, Any]:
    """Make an active node whose ID and hostname are its name."""
    return {
        "ID": name,
        "Spec": {"Role": "worker", "Availability": "active", "Labels": {"tier": tier}},
        "Description": {"Hostname": name},
        "Status": {"State": state, "Addr": "192.0.2.1"},
    }


def service(update: str = "", replicas: int | None = None) -> dict[str, Any]:
    """Make a global service of the tier web, or one of so many replicas."""
    mode: dict[str, Any] = {"Replicated": {"Replicas": replicas}} if replicas else {"Global": {}}
    placement = {} if replicas else {"Constraints": ["node.labels.tier==web"]}
    made: dict[str, Any] = {
        "ID": "s1",
        "Spec": {
            "Name": "web",
            "Mode": mode,
            "TaskTemplate": SPEC | {"Placement": placement, "Runtime": "container"},
        },
    }
    return made | ({"UpdateStatus": {"State": update, "Message": "said"}} if update else {})


def task(
    where: str | int,
    state: str = "running",
    *,
    desired: str = "running",
    spec: dict[str, Any] = SPEC,
    made: float = 1000,
    error: str = "",
) -> dict[str, Any]:
    """Make a task on a node, or in a slot on the node n1."""
    slot = {"Slot": where} if isinstance(where, int) else {}
    return slot | {
        "ID": f"task-{where}-{made:g}",
        "NodeID": where if isinstance(where, str) else "n1",
        "Spec": spec,
        "CreatedAt": at(made),
        "DesiredState": desired,
        "Status": {"State": state, "Timestamp": at(made + 1), "Message": "msg", "Err": error},
    }
