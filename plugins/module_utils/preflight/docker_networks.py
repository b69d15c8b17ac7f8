"""The networks that Docker takes for itself, unasked, and whether they meet any that exist.

Docker takes the first of its pools that meets no route and no resolver of the machine. It cannot
know of what lies behind the default route, such as an office's network, and cuts the way to it.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from ipaddress import IPv4Interface, IPv4Network, ip_address
from pathlib import Path
from typing import Any

from .addresses import DOCKER_LINK

# https://docs.docker.com/engine/network/#subnet-allocation
USUAL_POOLS = (
    *((f"172.{number}.0.0/16", 16) for number in (17, 18, 19)),
    *((f"172.{number}.0.0/14", 16) for number in (20, 24, 28)),
    ("192.168.0.0/16", 20),
)
BRIDGES = ("docker0", "docker_gwbridge")
CURE = "set bip and default-address-pools in docker_daemon_config"
CURE_LATER = f"{CURE}, and remove this network: docker network rm, when its node has left the Swarm"


def made_networks(routes: Iterable[Mapping[str, Any]]) -> dict[str, IPv4Network]:
    """Return the networks that Docker has made here already, by their links."""
    return {
        route["dev"]: IPv4Network(route["dst"])
        for route in routes
        if DOCKER_LINK.fullmatch(route.get("dev", "")) and route["dst"] != "default"
    }


def candidates(settings: Mapping[str, Any]) -> Iterator[IPv4Network]:
    """Return the networks out of which Docker takes its own, in its order."""
    own = settings.get("default-address-pools")
    pools = [(pool["base"], pool["size"]) for pool in own] if own else USUAL_POOLS
    for base, size in pools:
        yield from IPv4Network(base).subnets(new_prefix=size)


def docker_networks(
    settings: Mapping[str, Any],
    made: Mapping[str, IPv4Network],
    taken: Iterable[IPv4Network],
    resolvers: Iterable[str],
) -> dict[str, IPv4Network]:
    """Return the network of each bridge, those that are still to be made included.

    ``settings`` are the engine's. Raises ValueError where they name a network that is none.
    """
    networks = dict(made)
    avoided = [*taken, *(IPv4Network(address) for address in resolvers)]
    if "bip" in settings:  # obeyed when the engine starts again, also where docker0 is there
        networks["docker0"] = IPv4Interface(settings["bip"]).network
    for bridge in BRIDGES:
        if bridge not in networks:
            for network in candidates(settings):
                others = [*avoided, *networks.values()]
                if not any(network.overlaps(other) for other in others):
                    networks[bridge] = network
                    break
    return networks


def docker_network_problems(
    networks: Mapping[str, IPv4Network],
    made: Collection[str],
    pools: Iterable[str],
    taken: Mapping[IPv4Network, str],
    addresses: Mapping[str, str],
) -> list[str]:
    """Judge the networks of Docker's bridges as ``pool_problems`` judges the pools.

    A bridge that is ``made`` already keeps its network, unless it is docker0.
    """
    known = {**taken, **{IPv4Network(pool): f"the address pool {pool}" for pool in pools}}
    problems = []
    for bridge, network in networks.items():
        met = [f"overlaps {what}" for other, what in known.items() if network.overlaps(other)]
        met += [
            f"contains {what} {address}"
            for address, what in addresses.items()
            if ip_address(address) in network
        ]
        cure = CURE_LATER if bridge in made and bridge != "docker0" else CURE
        problems += [f"Docker's {bridge} has {network}, which {how}: {cure}" for how in met]
    return problems


def ssh_client(process: int = os.getpid(), proc: Path = Path("/proc")) -> str:
    """Return the IPv4 address that ``process`` is run from by SSH, "" for none.

    sudo hides it in its own environment, so that of each parent is asked, too.
    """
    while process > 1:
        directory = proc / str(process)
        try:
            environment = (directory / "environ").read_bytes().split(b"\0")
            status = (directory / "stat").read_text()
        except OSError:
            return ""
        for variable in environment:
            if variable.startswith(b"SSH_CONNECTION="):
                address = variable.partition(b"=")[2].split()[0].decode()
                return address if ":" not in address else ""
        process = int(status.rpartition(")")[2].split()[1])
    return ""
