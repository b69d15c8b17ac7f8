"""Facts about tasks, out of the dictionaries of Docker's API (GET /tasks)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

Task = Mapping[str, Any]
ENDED_BADLY = ("failed", "rejected", "complete")


def made_from(task: Task, template: Mapping[str, Any]) -> bool:
    """Tell whether a task has the spec of this template.

    Swarm keeps a running task through a change of its placement alone, and tells the runtime of
    services only, so these two are left out.
    """
    ignored = {"Placement", "Runtime"}
    ours = {key: value for key, value in task["Spec"].items() if key not in ignored}
    return ours == {key: value for key, value in template.items() if key not in ignored}


def place(task: Task) -> str | int:
    """Return what a replacement has in common with the task: its slot, or its node if global."""
    slot: int = task.get("Slot", 0)
    return slot or str(task.get("NodeID", ""))


def seconds(timestamp: str) -> float:
    """Turn an RFC 3339 time into seconds since the Unix epoch."""
    return datetime.fromisoformat(timestamp).timestamp()


def error_of(task: Task, hostnames: Mapping[str, str]) -> str:
    """Tell a task's state and error, and where."""
    status = task["Status"]
    said = status.get("Err") or status.get("Message", "")
    # Docker says "starting" of it, for as long as a database recovers or a queue loads its log.
    if is_unhealthy(task):
        said = "its container runs, and is not healthy yet: it starts, or recovers"
    node = hostnames.get(task.get("NodeID", ""), "no node yet")
    return f"{status['State']} on {node}: {said}"


def is_unhealthy(task: Task) -> bool:
    """Tell whether the task's container runs, and has not passed its health check so far."""
    return bool(task["Status"]["State"] == "starting" and not task["Status"].get("Err"))


def latest(tasks: Iterable[Task]) -> Task | None:
    """Return the task that was made last, if there is one."""
    return max(tasks, key=lambda task: seconds(task["CreatedAt"]), default=None)


def keeps_failing(tasks: Iterable[Task], times: int, window: float) -> Task | None:
    """Return the last failure of a place where ``times`` tasks failed in a row.

    Only those made within ``window`` seconds before the place's newest task are counted: older
    ones are history. All times are the leader's, so no two clocks are compared.
    """
    by_place: dict[str | int, list[Task]] = {}
    for task in sorted(tasks, key=lambda task: seconds(task["CreatedAt"])):
        by_place.setdefault(place(task), []).append(task)
    for there in by_place.values():
        newest = there[-1]
        since = seconds(newest["CreatedAt"]) - window
        failed = [
            task
            for task in there
            if task["Status"]["State"] in ENDED_BADLY and seconds(task["CreatedAt"]) >= since
        ]
        if len(failed) >= times and newest["Status"]["State"] != "running":
            return failed[-1]
    return None
