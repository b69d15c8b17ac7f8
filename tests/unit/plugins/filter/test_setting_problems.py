from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.landslide.voting.plugins.filter.setting_problems import (
    FilterModule,
    setting_problems,
)

GROUPS = {
    "manager": ["manager01"],
    "frontend": ["frontend01", "frontend02"],
    "store": ["store01"],
}
SPECS = {
    "common": {
        "settings": {
            "options": {
                "store_port": {"default": 80, "type": "int"},
                "store_name": {},
                "docker_settings": {"default": {}},
            }
        },
        "secrets": {"options": {"key": {}}},
    },
    "frontend": {"main": {"options": {"frontend_number": {"default": 8}, "frontend_own": {}}}},
}
OWNERS = {"store": "store", "frontend": "frontend", "swarm": "manager"}
DEPLOYERS = {"frontend": "frontend"}
SECRETS = {"key": ["frontend", "store"]}


def judge(**given: dict[str, Any]) -> list[str]:
    hosts = [host for members in GROUPS.values() for host in members]
    hostvars = {host: given.get(host, {}) for host in hosts}
    return setting_problems(GROUPS, hostvars, SPECS, OWNERS, DEPLOYERS, SECRETS)


def everyone(**variables: Any) -> dict[str, dict[str, Any]]:
    return {host: variables for members in GROUPS.values() for host in members}


@pytest.mark.parametrize(
    "given",
    [
        {},
        everyone(store_port=8090, frontend_number="16", key="text"),
        # The tier that owns a setting speaks for all.
        {"store01": {"store_port": 8090, "store_name": "count"}},
        # The same in other words, as on the command line.
        {"frontend01": {"frontend_number": "8"}},
        # Each host's own, or nobody's.
        {"frontend01": {"docker_settings": {"mtu": 1400}, "frontend_own": 1, "other": 2}},
        {"store01": {"frontend_number": 4}},
        {host: {"key": "text"} for host in ("frontend01", "frontend02", "store01")},
    ],
)
def test_hosts_that_agree_are_no_problem(given: dict[str, dict[str, Any]]) -> None:
    assert judge(**given) == []


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"frontend02": {"frontend_number": 16}},
            "frontend_number has one value for all of these hosts, and is 8 on frontend01, "
            "and 16 on frontend02",
        ),
        (
            {"frontend01": {"store_port": 8090}},
            "store_port has one value for all of these hosts, and is 80 on store01, frontend02, "
            "manager01, and 8090 on frontend01",
        ),
        (
            {"manager01": {"store_name": "count"}, "store01": {"store_name": "total"}},
            "store_name has one value for all of these hosts, and is total on store01, "
            "frontend01, frontend02, and count on manager01",
        ),
        (
            {"frontend01": {"key": "text"}, "frontend02": {"key": "text"}},
            "key is given to frontend01, frontend02 and not to store01; it is one secret, which "
            "all of them share",
        ),
        (
            {
                "frontend01": {"key": "text"},
                "frontend02": {"key": "other"},
                "store01": {"key": "text"},
            },
            "key is not the same on frontend01, frontend02, store01; it is one secret, which "
            "they share",
        ),
        (everyone(key=""), "key is empty; leave it out, and one is made"),
    ],
)
def test_a_disagreement_is_said_with_its_hosts(
    given: dict[str, dict[str, Any]], sentence: str
) -> None:
    assert judge(**given) == [sentence]


def test_it_is_a_filter() -> None:
    assert FilterModule().filters() == {"setting_problems": setting_problems}


def test_a_value_of_a_wrong_type_is_named_with_its_hosts() -> None:
    given = everyone(store_port="8090") | {"store01": {"store_port": "http"}}
    [problem, *_] = judge(**given)
    assert problem.startswith("store01: ") and "store_port" in problem and "int" in problem


def test_a_port_that_only_root_may_listen_on_is_told() -> None:
    assert judge(**everyone(frontend_port=443)) == [
        "frontend_port is 443; the voting app can listen on 1024 and above"
    ]
    assert judge(**everyone(frontend_port="8443")) == []
