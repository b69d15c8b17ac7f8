from ipaddress import IPv4Network

import pytest
from ansible_collections.landslide.voting.plugins.module_utils.preflight.addresses import (
    address_problems,
    pool_problems,
    resolvers,
    taken_networks,
)

LINKS = [
    {"ifname": "lo", "mtu": 65536, "addr_info": [{"local": "127.0.0.1"}]},
    {"ifname": "eth1", "mtu": 1450, "addr_info": [{"local": "192.168.33.20"}]},
]


def test_an_address_that_is_there_passes() -> None:
    assert address_problems("192.168.33.20", LINKS, 1450) == []


def test_an_absent_address_is_told() -> None:
    assert address_problems("192.168.33.21", LINKS, 1450) == [
        "no interface of this node has the address 192.168.33.21"
    ]


def test_a_small_mtu_is_told() -> None:
    assert address_problems("192.168.33.20", LINKS, 1500) == [
        "eth1 with the address 192.168.33.20 has an MTU of 1450; packets of 1500 bytes have to "
        "pass: raise it, or set swarm_network_mtu to 1450"
    ]


def test_stubs_and_ipv6_are_no_resolvers_of_a_pool() -> None:
    texts = ["nameserver 127.0.0.53\nsearch local\n", "nameserver 10.0.0.2\nnameserver fe80::1\n"]
    assert resolvers(texts) == {"10.0.0.2"}


@pytest.mark.parametrize("device", ["docker0", "docker_gwbridge", "br-0123456789ab", "vethbc5ee04"])
def test_networks_that_docker_made_are_not_taken(device: str) -> None:
    assert taken_networks([{"dst": "172.30.0.0/24", "dev": device}]) == {}


def test_routes_are_taken_but_the_default() -> None:
    routes = [
        {"dst": "default", "dev": "eth0"},
        {"dst": "0.0.0.0/1", "dev": "tun0"},
        {"dst": "10.1.2.3", "dev": "eth0"},
        {"dst": "192.168.122.0/24", "dev": "br-lan"},
        {"dst": "10.9.0.0/16", "type": "blackhole"},
    ]
    assert taken_networks(routes) == {
        IPv4Network("10.1.2.3/32"): "the route to 10.1.2.3/32 on eth0",
        IPv4Network("192.168.122.0/24"): "the route to 192.168.122.0/24 on br-lan",
        IPv4Network("10.9.0.0/16"): "the route to 10.9.0.0/16",
    }


def test_pools_that_meet_nothing_pass() -> None:
    taken = {IPv4Network("192.168.33.0/24"): "the route"}
    assert pool_problems(["10.35.0.0/16", "10.36.0.0/16"], taken, {"10.0.0.2": "a"}) == []


def test_every_overlap_is_told() -> None:
    taken = {IPv4Network("10.0.0.0/24"): "the route to 10.0.0.0/24 on eth0"}
    pools = ["10.0.0.0/8", "10.1.0.0/16"]
    assert pool_problems(pools, taken, {"10.0.0.2": "the resolver"}) == [
        "the address pool 10.0.0.0/8 overlaps the route to 10.0.0.0/24 on eth0",
        "the address pool 10.0.0.0/8 contains the resolver 10.0.0.2",
        "the address pools 10.0.0.0/8 and 10.1.0.0/16 overlap",
    ]


@pytest.mark.parametrize("pool", ["10.0.0.1/8", "pool", "fd00::/8"])
def test_what_is_no_pool_is_told(pool: str) -> None:
    (problem,) = pool_problems([pool], {}, {})
    assert pool in problem
