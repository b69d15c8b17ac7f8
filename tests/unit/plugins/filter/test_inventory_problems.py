from typing import Any

import pytest
from ansible_collections.landslide.voting.plugins.filter.inventory_problems import (
    FilterModule,
    inventory_problems,
)

TIERS: dict[str, list[int]] = {"manager": [1, 3, 5], "frontend": [], "store": [1]}


def problems(groups: dict[str, list[str]], **addresses: Any) -> list[str]:
    hosts = sorted({host for names in groups.values() for host in names})
    hostvars = {
        host: {"node_address": f"192.168.33.{number}"} for number, host in enumerate(hosts, 11)
    }
    for host, address in addresses.items():
        hostvars[host]["node_address"] = address
    return inventory_problems(groups, hostvars, TIERS)


def whole(**changes: list[str]) -> dict[str, list[str]]:
    return {"all": [], "manager": ["m1"], "frontend": ["f1", "f2"], "store": ["s1"], **changes}


def test_a_whole_inventory_passes() -> None:
    assert problems(whole()) == []


def test_the_filter_has_its_name() -> None:
    assert FilterModule().filters() == {"inventory_problems": inventory_problems}


def test_an_inventory_that_matches_no_machine_is_one_problem() -> None:
    (problem,) = problems({"all": [], "ungrouped": [], "manager": []})
    assert problem.startswith("the inventory matches no machine")


def test_missing_empty_and_even_groups_are_told_at_once() -> None:
    assert problems({"manager": ["m1", "m2"], "frontend": []}) == [
        "there is no group store",
        "the group manager has 2 hosts; it may have 1 or 3 or 5",
        "the group frontend has no hosts",
    ]


def test_a_host_with_the_name_of_a_group_would_stand_for_all_of_it() -> None:
    assert problems(whole(manager=["manager", "m2", "m3"])) == [
        "the host manager has the name of a group; call it manager01"
    ]


def test_two_stores_would_split_the_count() -> None:
    assert problems(whole(store=["s1", "s2"])) == ["the group store has 2 hosts; it may have 1"]


@pytest.mark.parametrize("name", ["frontends", "front", "fronted", "Frontend"])
def test_a_group_like_a_missing_one_is_named(name: str) -> None:
    groups = whole()
    groups[name] = groups.pop("frontend")
    assert problems(groups) == [f"there is no group frontend; is the group {name} meant to be it?"]


def test_a_group_like_a_present_one_is_told_where_hosts_are_left_out() -> None:
    assert problems(whole(frontends=["f2", "f3"])) == [
        "the group frontends seems to be frontend misspelt: f3 would be left out"
    ]
    assert problems(whole(frontends=["f2"])) == []
    assert problems(whole(monitoring=["x1"])) == []


def test_a_picture_that_was_read_as_an_inventory_is_told_with_its_place() -> None:
    (problem,) = problems(
        whole(ungrouped=["<svg", "\ufffdPNG", "10.0.0.1", "fd00::1", "a-b.example"])
    )
    assert problem.startswith("the inventory has 2 hosts such as '<svg', which are none")
    assert "group_vars/pictures" in problem


def test_a_host_has_one_tier() -> None:
    assert problems(whole(store=["m1"])) == [
        "m1 is in the groups manager and store; a host has one tier"
    ]


@pytest.mark.parametrize("address", ["192.168.33.256", "fd00::1", "127.0.0.1", "0.0.0.0", "f1"])
def test_addresses_no_host_can_have_are_told(address: str) -> None:
    assert problems(whole(), f1=address) == [
        f"f1 has the node_address {address}, which no host can have"
    ]


def test_missing_and_double_addresses_are_told() -> None:
    assert problems(whole(), f1=None, f2="192.168.33.9", s1="192.168.33.9") == [
        "f1 has no node_address",
        "f2 and s1 have the same node_address 192.168.33.9",
    ]
