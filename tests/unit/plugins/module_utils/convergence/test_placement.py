from typing import Any

import pytest
from ansible_collections.landslide.voting.plugins.module_utils.convergence.placement import (
    matches,
    wanted_nodes,
)

NODE: dict[str, Any] = {
    "ID": "n1",
    "Spec": {"Role": "worker", "Availability": "active", "Labels": {"tier": "store"}},
    "Description": {
        "Hostname": "store",
        "Platform": {"OS": "linux", "Architecture": "x86_64"},
        "Engine": {"Labels": {"disk": "ssd"}},
    },
    "Status": {"State": "ready", "Addr": "192.168.33.250"},
}


@pytest.mark.parametrize(
    "constraint",
    [
        "node.labels.tier==store",
        "node.labels.tier == STORE",
        "node.labels.tier!=worker",
        "node.labels.absent!=x",
        "engine.labels.disk==ssd",
        "node.hostname==store",
        "node.id==n1",
        "node.role!=manager",
        "node.ip==192.168.33.0/24",
        "node.ip!=10.0.0.1",
        "node.platform.os==linux",
        "node.platform.arch==x86_64",
    ],
)
def test_constraints_that_hold(constraint: str) -> None:
    assert matches(NODE, constraint)


@pytest.mark.parametrize(
    "constraint",
    ["node.labels.tier==worker", "node.labels.absent==x", "node.role==manager", "node.what==x"],
)
def test_constraints_that_do_not(constraint: str) -> None:
    assert not matches(NODE, constraint)


def test_a_node_without_labels_or_description_matches_none() -> None:
    node = {"ID": "n2", "Spec": {"Labels": None}, "Status": {}}
    assert not matches(node, "node.labels.tier==store")
    assert not matches(node, "engine.labels.disk==ssd")


@pytest.mark.parametrize(
    ("state", "availability", "wanted"),
    [
        ("ready", "active", True),
        ("unknown", "active", True),
        ("down", "active", False),
        ("ready", "drain", False),
        ("ready", "pause", False),
    ],
)
def test_only_nodes_that_take_tasks_are_wanted(state: str, availability: str, wanted: bool) -> None:
    node = NODE | {"Status": {"State": state}, "Spec": {"Availability": availability}}
    assert wanted_nodes([node], []) == ([node] if wanted else [])
