from typing import Any

import pytest
from ansible_collections.landslide.voting.plugins.filter.node_problems import (
    FilterModule,
    clock_problems,
    node_problems,
)


def result(*problems: str, offset: float = 1.0) -> dict[str, Any]:
    return {"problems": list(problems), "clock_offset": offset, "msg": ""}


def test_the_filter_has_its_name() -> None:
    assert FilterModule().filters() == {"node_problems": node_problems}


def test_sound_nodes_have_none() -> None:
    assert node_problems({"a": result(), "b": result(offset=2.5)}, 10) == []


def test_every_problem_of_every_node_is_told_and_like_ones_together() -> None:
    results = {
        "a": result("this is Debian 11"),
        "b": result("port 80/tcp is taken", "this is Debian 11"),
        "c": {"unreachable": True, "msg": "Connection\n refused"},
        "d": {"msg": "Missing sudo password", "rc": 1},
    }
    assert node_problems(results, 10) == [
        "a, b: this is Debian 11",
        "b: port 80/tcp is taken",
        "c: cannot be reached: Connection refused",
        "d: the checks could not run: Missing sudo password: give it by --ask-become-pass (-K)",
    ]


def test_hosts_of_one_hostname_are_told() -> None:
    names = {"a": "debian", "b": "web", "c": "debian", "d": "debian"}
    results = {host: {**result(), "hostname": name} for host, name in names.items()}
    assert node_problems(results, 10) == [
        "a and c and d have the same hostname debian: give each one of its own "
        "(hostnamectl set-hostname)"
    ]


def test_hosts_of_their_own_hostnames_pass() -> None:
    assert node_problems({name: {**result(), "hostname": name} for name in "abc"}, 10) == []


def test_machines_of_two_kinds_are_told() -> None:
    kinds = {"a": "x86_64", "b": "aarch64", "c": "x86_64"}
    results = {host: {**result(), "machine": machine} for host, machine in kinds.items()}
    assert node_problems(results, 10) == [
        "all machines have to be of one kind, for which the images are built "
        "(a, c: x86_64; b: aarch64)"
    ]
    assert node_problems({"a": results["a"], "c": results["c"]}, 10) == []


def test_clocks_too_far_apart_are_told() -> None:
    assert node_problems({"a": result(offset=-1), "b": result(offset=41.3)}, 10) == [
        "the clock of b is 42.3 s ahead of the clock of a; 10 s are allowed"
    ]


@pytest.mark.parametrize("offsets", [{}, {"a": 99.0}, {"a": 0.0, "b": 10.0}])
def test_clocks_within_the_bound_pass(offsets: dict[str, float]) -> None:
    assert clock_problems(offsets, 10) == []


def test_a_firewall_is_named_where_a_port_cannot_be_reached() -> None:
    closed = {"a": result("cannot reach b (192.0.2.2) on port 2377/tcp"), "b": result()}
    closed["b"]["firewalls"] = ["ufw"]
    assert node_problems(closed, 10) == [
        "a: cannot reach b (192.0.2.2) on port 2377/tcp",
        "b: ufw may be what blocks these ports: let the nodes reach them",
    ]
    assert node_problems({"a": result(), "b": closed["b"]}, 10) == []
