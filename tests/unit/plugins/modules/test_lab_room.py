import socket

from ansible_collections.landslide.voting.plugins.modules.lab_room import met_routes, taken_ports

ROUTES = [
    {"dst": "default", "gateway": "192.0.2.1", "dev": "eth0"},
    {"dst": "0.0.0.0/1", "dev": "tun0"},
    {"dst": "192.168.32.0/22", "dev": "tun0"},
    {"dst": "192.168.40.7", "dev": "tun0"},
]


def test_a_route_that_meets_the_subnet_is_named() -> None:
    (problem,) = met_routes("192.168.33.0/24", ROUTES)
    assert "192.168.32.0/22 on tun0" in problem


def test_a_route_to_one_host_counts_too() -> None:
    assert met_routes("192.168.40.0/24", ROUTES)


def test_routes_to_everything_meet_nothing() -> None:
    assert met_routes("192.168.50.0/24", ROUTES) == []


def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        (problem,) = taken_ports([f"127.0.0.1:{port}:22"])
    assert f"Port {port} of 127.0.0.1" in problem
    assert taken_ports([f"127.0.0.1:{port}:22"]) == []
