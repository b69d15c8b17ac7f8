"""Whether the node has its address, and whether the networks to be made meet any that exist."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network, ip_address, ip_network
from pathlib import Path
from typing import Any

# Networks that Docker made here, out of the very pools that are judged.
DOCKER_LINK = re.compile(r"docker0|docker_gwbridge|br-[0-9a-f]{12}|veth[0-9a-f]+")
RESOLVER_FILES = (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf"))


def link_with(address: str, links: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the interface that has ``address``, out of what ``ip -json address`` tells."""
    for link in links:
        if any(entry.get("local") == address for entry in link["addr_info"]):
            return link
    return None


def address_problems(
    address: str, links: Iterable[Mapping[str, Any]], packet_size: int
) -> list[str]:
    """Judge the node's own address and the MTU (bytes) of its interface."""
    link = link_with(address, links)
    if link is None:
        return [f"no interface of this node has the address {address}"]
    if link["mtu"] < packet_size:
        return [
            f"{link['ifname']} with the address {address} has an MTU of {link['mtu']}; "
            f"packets of {packet_size} bytes have to pass: raise it, or set swarm_network_mtu to "
            f"{link['mtu']}"
        ]
    return []


def resolvers(texts: Iterable[str]) -> set[str]:
    """Return the IPv4 name servers of resolv.conf(5) files, loopback stubs left out."""
    found = set()
    for line in "\n".join(texts).splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == "nameserver" and ":" not in words[1]:
            found.add(words[1])
    return {address for address in found if not ip_address(address).is_loopback}


def read_resolvers() -> set[str]:
    """Return this machine's name servers, those behind systemd-resolved's stub too."""
    return resolvers(path.read_text() for path in RESOLVER_FILES if path.exists())


def taken_networks(routes: Iterable[Mapping[str, Any]]) -> dict[IPv4Network, str]:
    """Return the networks that ``ip -json -4 route`` tells of, each with a word on where it lies.

    Default routes are none, nor are the halves of everything that VPN clients set in their place.
    """
    networks = {}
    for route in routes:
        device = route.get("dev", "")
        if route["dst"] == "default" or DOCKER_LINK.fullmatch(device):
            continue
        network = IPv4Network(route["dst"])
        if network.prefixlen > 1:
            networks[network] = f"the route to {network}" + (f" on {device}" if device else "")
    return networks


def pool_problems(
    pools: Iterable[str], taken: Mapping[IPv4Network, str], addresses: Mapping[str, str]
) -> list[str]:
    """Judge the address pools (CIDR) against networks, single addresses, and one another.

    ``taken`` and ``addresses`` map a network or an address to a word on what it is.
    """
    problems: list[str] = []
    networks: list[IPv4Network] = []
    for pool in pools:
        try:
            network = ip_network(pool)
        except ValueError as error:
            problems.append(f"the address pool {pool} is none: {error}")
            continue
        if not isinstance(network, IPv4Network):
            problems.append(f"the address pool {pool} is not one of IPv4 addresses")
            continue
        for other in networks:
            if network.overlaps(other):
                problems.append(f"the address pools {other} and {network} overlap")
        for known, what in taken.items():
            if network.overlaps(known):
                problems.append(f"the address pool {network} overlaps {what}")
        for address, what in addresses.items():
            if ip_address(address) in network:
                problems.append(f"the address pool {network} contains {what} {address}")
        networks.append(network)
    return problems
