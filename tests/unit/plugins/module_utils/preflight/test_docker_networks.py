from ipaddress import IPv4Network
from pathlib import Path

import pytest
from ansible_collections.landslide.voting.plugins.module_utils.preflight.docker_networks import (
    docker_network_problems,
    docker_networks,
    made_networks,
    ssh_client,
)

OFFICE = IPv4Network("172.17.0.0/16")


def names(networks: dict[str, IPv4Network]) -> dict[str, str]:
    return {bridge: str(network) for bridge, network in networks.items()}


def test_docker_takes_the_first_that_meet_no_route_and_no_resolver() -> None:
    assert names(docker_networks({}, {}, [], [])) == {
        "docker0": "172.17.0.0/16",
        "docker_gwbridge": "172.18.0.0/16",
    }
    assert names(docker_networks({}, {}, [OFFICE], ["172.18.0.2"])) == {
        "docker0": "172.19.0.0/16",
        "docker_gwbridge": "172.20.0.0/16",
    }


def test_the_engines_settings_are_obeyed() -> None:
    settings = {
        "bip": "10.9.0.1/24",
        "default-address-pools": [{"base": "10.10.0.0/16", "size": 24}],
    }
    assert names(docker_networks(settings, {}, [], [])) == {
        "docker0": "10.9.0.0/24",
        "docker_gwbridge": "10.10.0.0/24",
    }


def test_what_is_there_already_stays() -> None:
    routes = [
        {"dst": "default", "dev": "eth0"},
        {"dst": "172.30.0.0/16", "dev": "docker0"},
        {"dst": "192.168.33.0/24", "dev": "eth0"},
    ]
    made = made_networks(routes)
    assert names(docker_networks({}, made, [], [])) == {
        "docker0": "172.30.0.0/16",
        "docker_gwbridge": "172.17.0.0/16",
    }
    # But for docker0's, which follows the settings when the engine starts again.
    assert docker_networks({"bip": "10.9.0.1/24"}, made, [], [])["docker0"].prefixlen == 24


def test_networks_that_meet_nothing_pass() -> None:
    networks = {"docker0": OFFICE}
    assert docker_network_problems(networks, [], ["10.35.0.0/16"], {}, {"10.0.0.2": "a"}) == []


def test_whatever_they_meet_is_told_with_the_cure() -> None:
    taken = {IPv4Network("172.17.9.0/24"): "the route to 172.17.9.0/24 on tun0"}
    addresses = {"172.17.5.9": "the controller", "10.0.0.2": "the resolver"}
    problems = docker_network_problems(
        {"docker0": OFFICE}, ["docker0"], ["172.16.0.0/12"], taken, addresses
    )
    cure = "set bip and default-address-pools in docker_daemon_config"
    assert problems == [
        f"Docker's docker0 has 172.17.0.0/16, which {how}: {cure}"
        for how in (
            "overlaps the route to 172.17.9.0/24 on tun0",
            "overlaps the address pool 172.16.0.0/12",
            "contains the controller 172.17.5.9",
        )
    ]


def test_a_network_that_stays_until_it_is_removed_is_told_to_be() -> None:
    networks, addresses = {"docker_gwbridge": OFFICE}, {"172.17.5.9": "the controller"}
    (later,) = docker_network_problems(networks, ["docker_gwbridge"], [], {}, addresses)
    assert "docker network rm, when its node has left the Swarm" in later
    (now,) = docker_network_problems(networks, [], [], {}, addresses)
    assert "docker network rm" not in now


@pytest.mark.parametrize(("client", "address"), [("172.17.5.9", "172.17.5.9"), ("fd00::9", "")])
def test_the_controller_is_found_above_sudo(client: str, address: str, tmp_path: Path) -> None:
    for number, (parent, environment) in {
        30: (20, "PATH=/bin"),
        20: (10, f"HOME=/\0SSH_CONNECTION={client} 50000 10.0.0.1 22\0"),
    }.items():
        directory = tmp_path / str(number)
        directory.mkdir()
        (directory / "stat").write_text(f"{number} (a (b) c) S {parent} 1 1")
        (directory / "environ").write_text(environment)
    assert ssh_client(30, tmp_path) == address
    assert ssh_client(10, tmp_path) == ""
