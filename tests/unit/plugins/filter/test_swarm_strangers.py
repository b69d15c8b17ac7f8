from typing import Any

import pytest
from ansible_collections.landslide.voting.plugins.filter.swarm_strangers import (
    FilterModule,
    swarm_strangers,
)


def node(name: str, number: int, tier: str = "frontend", state: str = "ready") -> dict[str, Any]:
    return {
        "ID": f"id-{number}",
        "Description": {"Hostname": name},
        "Status": {"State": state, "Addr": f"192.168.33.{number}"},
        "Spec": {"Labels": {"tier": tier} if tier else {}},
    }


def test_the_filter_has_its_name() -> None:
    assert FilterModule().filters() == {"swarm_strangers": swarm_strangers}


def test_hosts_of_the_inventory_are_none_also_where_a_run_leaves_them_out() -> None:
    nodes = [node("frontend01", 20), node("frontend02", 21)]
    assert swarm_strangers(nodes, ["id-20"], ["192.168.33.20", "192.168.33.21"]) == []


def test_a_dead_twin_is_none() -> None:
    nodes = [node("frontend01", 20), node("frontend01", 22, state="down")]
    assert swarm_strangers(nodes, ["id-20"], ["192.168.33.20"]) == []


def test_a_host_that_was_dropped_is_named_with_what_to_do() -> None:
    nodes = [node("frontend01", 20), node("frontend03", 22)]
    assert swarm_strangers(nodes, ["id-20"], ["192.168.33.20"]) == [
        "frontend03 (192.168.33.22, frontend, ready) is in the Swarm and not in the inventory. "
        'Write it in again and run "./landslide retire": its queue may hold votes. If the machine '
        'and its disk are gone for good, "docker node rm --force id-22" on a manager.'
    ]


@pytest.mark.parametrize(
    ("tier", "advice"),
    [
        ("worker", 'run "./landslide retire", or, if it is gone, "docker node rm'),
        ("manager", '"docker node demote id-22", then "docker node rm'),
        ("store", "if it is gone for good"),
        ("", "node without a tier"),
    ],
)
def test_each_tier_has_its_advice(tier: str, advice: str) -> None:
    (sentence,) = swarm_strangers([node("x", 22, tier, "down")], [], [])
    assert advice in sentence
