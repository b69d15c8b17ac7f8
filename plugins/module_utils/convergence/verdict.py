"""Decides, out of what Docker's API tells, whether a service has become what it is to be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ansible_collections.landslide.voting.plugins.module_utils.convergence.placement import (
    wanted_nodes,
)
from ansible_collections.landslide.voting.plugins.module_utils.convergence.tasks import (
    ENDED_BADLY,
    Task,
    error_of,
    is_unhealthy,
    keeps_failing,
    latest,
    made_from,
    place,
    seconds,
)

STUCK = {"paused": "the update is paused", "rollback_paused": "the rollback is paused"}
ROLLED_BACK = {
    "rollback_started": "the update is being rolled back",
    "rollback_completed": "the update was rolled back",
}


@dataclass(frozen=True)
class Verdict:
    """What a service is like; ``task_id`` is the task to read the logs of.

    ``since`` is the time (seconds since the Unix epoch) from which it has been converged.
    """

    state: Literal["converged", "waiting", "failed"]
    reason: str = ""
    task_id: str = ""
    since: float = 0.0


def judge(
    service: Mapping[str, Any],
    tasks: Sequence[Task],
    nodes: Sequence[Mapping[str, Any]],
    *,
    updated: bool,
    max_failures: int,
    window: float,
) -> Verdict:
    """Judge one service by its tasks and the Swarm's nodes, all as Docker's API gives them.

    ``updated`` tells that the present deployment has changed the service, so that a rollback is
    its failure. Otherwise one that has ended is history: the service has the spec that is wanted.
    ``max_failures`` tasks that fail at one place within ``window`` seconds are a failure.
    """
    template = service["Spec"]["TaskTemplate"]
    current = [task for task in tasks if made_from(task, template)]
    hostnames = {node["ID"]: node.get("Description", {}).get("Hostname", "") for node in nodes}
    update = service.get("UpdateStatus") or {}
    state = update.get("State", "completed")
    if state in STUCK or (updated and state in ROLLED_BACK):
        # What was rolled back is no longer the service's spec.
        blamed = current if state in STUCK else [task for task in tasks if task not in current]
        return failure((STUCK | ROLLED_BACK)[state], blamed, hostnames)
    if looping := keeps_failing(current, max_failures, window):
        return failure(f"{max_failures} tasks failed in a row", [looping], hostnames)
    missing = unmet(service, current, nodes, hostnames) or leftovers(tasks, current, nodes)
    if missing:
        # How far a recovery is, its log tells.
        recovering = latest(task for task in current if is_unhealthy(task))
        return Verdict("waiting", missing, recovering["ID"] if recovering else "")
    if state in ("updating", "rollback_started"):
        return Verdict("waiting", update.get("Message", ""))
    times = (seconds(task["Status"]["Timestamp"]) for task in up(current))
    return Verdict("converged", since=max(times, default=0.0))


def failure(reason: str, blamed: Iterable[Task], hostnames: Mapping[str, str]) -> Verdict:
    """Make a verdict that names the error of the last task that failed, if any did."""
    task = latest(task for task in blamed if task["Status"]["State"] in ENDED_BADLY)
    if task is None:
        return Verdict("failed", reason)
    return Verdict("failed", f"{reason}; the last to fail: {error_of(task, hostnames)}", task["ID"])


def up(tasks: Iterable[Task]) -> list[Task]:
    """Return the tasks that run and are to run; with a health check, those that have passed it."""
    return [
        task
        for task in tasks
        if task["Status"]["State"] == "running" and task["DesiredState"] == "running"
    ]


def unmet(
    service: Mapping[str, Any],
    current: Sequence[Task],
    nodes: Sequence[Mapping[str, Any]],
    hostnames: Mapping[str, str],
) -> str:
    """Tell which tasks are still to come, "" if none."""
    mode, running = service["Spec"]["Mode"], up(current)
    if "Replicated" in mode:
        wanted = mode["Replicated"]["Replicas"]
        reached = len({place(task) for task in running})
    else:
        placement = service["Spec"]["TaskTemplate"].get("Placement") or {}
        homes = wanted_nodes(nodes, placement.get("Constraints") or [])
        if not homes:
            return "no node that is up meets its constraints"
        unknown = [node["ID"] for node in homes if node["Status"]["State"] == "unknown"]
        if unknown:
            return f"{hostnames[unknown[0]]} has not reported to the manager yet"
        ids = {node["ID"] for node in homes}
        wanted, reached = len(ids), len(ids & {task["NodeID"] for task in running})
    if reached == wanted:
        return ""
    pending = latest(task for task in current if task not in running)
    detail = f"; the newest other is {error_of(pending, hostnames)}" if pending else ""
    return f"{reached} of {wanted} tasks run{detail}"


def leftovers(
    tasks: Sequence[Task], current: Sequence[Task], nodes: Sequence[Mapping[str, Any]]
) -> str:
    """Tell of tasks that still run though they are not to, "" if there are none.

    A node that is down cannot report that its tasks have ended, so those do not count.
    """
    ready = {node["ID"] for node in nodes if node["Status"]["State"] == "ready"}
    wanted = up(current)
    places = Counter(place(task) for task in wanted)
    surplus = sum(places.values()) - len(places)
    old = [
        task
        for task in tasks
        if task["Status"]["State"] == "running" and task not in wanted and task["NodeID"] in ready
    ]
    count = surplus + len(old)
    return f"old tasks still run: {count}" if count else ""
