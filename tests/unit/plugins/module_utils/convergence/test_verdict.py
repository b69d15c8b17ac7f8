from typing import Any

import pytest
from ansible_collections.landslide.voting.plugins.module_utils.convergence.verdict import (
    Verdict,
    judge,
)

from .swarm import OLD_SPEC, SPEC, node, service, task

NODES = [node("n1"), node("n2"), node("n3", tier="store")]


def verdict(
    of: dict[str, Any],
    *tasks: dict[str, Any],
    nodes: list[dict[str, Any]] = NODES,
    updated: bool = True,
) -> Verdict:
    return judge(of, tasks, nodes, updated=updated, max_failures=3, window=100)


@pytest.mark.parametrize("update", ["", "completed"])
def test_a_task_on_each_wanted_node_is_convergence(update: str) -> None:
    assert verdict(service(update), task("n1"), task("n2", made=1500.25)) == Verdict(
        "converged", since=1501.25
    )


def test_a_change_of_placement_alone_keeps_its_tasks() -> None:
    moved = SPEC | {"Placement": {"Constraints": ["node.role==worker"]}}
    assert verdict(service(), task("n1", spec=moved), task("n2")).state == "converged"


def test_ended_tasks_of_old_specs_do_not_matter() -> None:
    old = task("n1", "shutdown", desired="shutdown", spec=OLD_SPEC)
    failed = task("n2", "failed", desired="shutdown")
    assert verdict(service(), task("n1"), task("n2", made=1900), old, failed).state == "converged"


@pytest.mark.parametrize(
    ("tasks", "reason"),
    [
        ([task("n1")], "1 of 2 tasks run"),
        (
            [task("n1"), task("n2", "pending", error="no suitable node")],
            "1 of 2 tasks run; the newest other is pending on n2: no suitable node",
        ),
        ([task("n1"), task("n2", spec=OLD_SPEC)], "1 of 2 tasks run"),
        ([task("n1"), task("n2"), task("n2", made=1100)], "old tasks still run: 1"),
        (
            [task("n1"), task("n2"), task("n2", desired="shutdown", spec=OLD_SPEC)],
            "old tasks still run: 1",
        ),
        ([task("n1"), task("n2"), task("n3", spec=OLD_SPEC)], "old tasks still run: 1"),
    ],
)
def test_what_is_missing_or_left_over_is_waited_for(
    tasks: list[dict[str, Any]], reason: str
) -> None:
    assert verdict(service(), *tasks) == Verdict("waiting", reason)


def test_a_container_that_is_not_healthy_yet_is_told_with_its_log() -> None:
    recovering = task("n2", "starting")
    assert verdict(service(), task("n1"), recovering) == Verdict(
        "waiting",
        "1 of 2 tasks run; the newest other is starting on n2: its container runs, and is not "
        "healthy yet: it starts, or recovers",
        recovering["ID"],
    )


def test_one_that_cannot_be_started_is_told_by_its_error() -> None:
    broken = task("n2", "starting", error="no such device")
    assert verdict(service(), task("n1"), broken) == Verdict(
        "waiting", "1 of 2 tasks run; the newest other is starting on n2: no such device"
    )


def test_an_update_is_waited_for_through_its_monitoring() -> None:
    assert verdict(service("updating"), task("n1"), task("n2")) == Verdict("waiting", "said")


def test_a_node_that_is_down_is_not_waited_for() -> None:
    nodes = [node("n1"), node("n2", "down")]
    lost = task("n2", desired="shutdown")
    assert verdict(service(), task("n1"), lost, nodes=nodes).state == "converged"


def test_a_node_that_has_not_reported_is_waited_for() -> None:
    nodes = [node("n1"), node("n2", "unknown")]
    assert "n2 has not reported" in verdict(service(), task("n1"), nodes=nodes).reason


def test_a_service_for_no_node_never_converges() -> None:
    assert verdict(service(), nodes=[node("n3", tier="store")]) == Verdict(
        "waiting", "no node that is up meets its constraints"
    )


@pytest.mark.parametrize(("running", "state"), [(2, "waiting"), (3, "converged"), (4, "waiting")])
def test_replicas_are_counted(running: int, state: str) -> None:
    tasks = [task(slot) for slot in range(1, running + 1)]
    assert verdict(service(replicas=3), *tasks).state == state


@pytest.mark.parametrize(
    ("update", "blamed", "reason"),
    [
        ("paused", SPEC, "the update is paused"),
        ("rollback_started", OLD_SPEC, "the update is being rolled back"),
        ("rollback_completed", OLD_SPEC, "the update was rolled back"),
        ("rollback_paused", SPEC, "the rollback is paused"),
    ],
)
def test_an_update_that_was_given_up_fails_with_the_tasks_error(
    update: str, blamed: dict[str, Any], reason: str
) -> None:
    other = SPEC if blamed is OLD_SPEC else OLD_SPEC
    tasks = [
        task("n1"),
        task("n2", "failed", made=1100, spec=blamed, error="exit 4"),
        task("n2", "failed", made=1200, spec=other, error="exit 5"),
    ]
    assert verdict(service(update), *tasks) == Verdict(
        "failed", f"{reason}; the last to fail: failed on n2: exit 4", "task-n2-1100"
    )


def test_an_update_given_up_before_any_task_failed_fails_too() -> None:
    assert verdict(service("paused")) == Verdict("failed", "the update is paused")


@pytest.mark.parametrize(
    ("update", "state"),
    [
        ("rollback_completed", "converged"),
        ("rollback_started", "waiting"),
        ("rollback_paused", "failed"),
        ("paused", "failed"),
    ],
)
def test_without_an_update_an_ended_rollback_is_history(update: str, state: str) -> None:
    assert verdict(service(update), task("n1"), task("n2"), updated=False).state == state


def failures(*made: float) -> list[dict[str, Any]]:
    return [
        task("n2", "rejected", desired="shutdown", made=when, error="No such image")
        for when in made
    ]


def test_failures_in_a_row_end_the_wait() -> None:
    tasks = [task("n1"), *failures(1000, 1005, 1010), task("n2", "ready", made=1015)]
    assert verdict(service(), *tasks) == Verdict(
        "failed",
        "3 tasks failed in a row; the last to fail: rejected on n2: No such image",
        "task-n2-1010",
    )


@pytest.mark.parametrize(
    "tasks",
    [
        [*failures(1000, 1005), task("n2", "ready", made=1010)],
        [*failures(100, 200, 300), task("n2", "ready", made=1010)],
        [*failures(1000, 1005), task("n2", "preparing", made=1010), *failures(5)],
        [*(each | {"Spec": OLD_SPEC} for each in failures(1000, 1005, 1010))],
    ],
)
def test_fewer_older_or_other_failures_do_not(tasks: list[dict[str, Any]]) -> None:
    assert verdict(service(), task("n1"), *tasks).state == "waiting"


def test_failures_before_a_task_that_runs_are_history() -> None:
    tasks = [task("n1"), *failures(1000, 1005, 1010), task("n2", made=1015)]
    assert verdict(service(), *tasks).state == "converged"
