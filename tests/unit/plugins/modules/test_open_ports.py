import socket

import pytest
from ansible_collections.landslide.voting.plugins.modules import open_ports
from ansible_collections.landslide.voting.plugins.modules.open_ports import outside


def test_what_answers_from_outside_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_ports, "outside", lambda public, private: public)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ports = [f"{port}/tcp", "1/tcp", "4789/udp"]
        hosts = {"store": {"public": "127.0.0.1", "private": "192.0.2.1", "ports": ports}}
        assert open_ports.open_ports(hosts) == [
            f"store answers at 127.0.0.1 on port {port}/tcp, which is for its private network "
            "only: let a firewall close it to everybody else."
        ]


def test_nothing_is_open_where_nothing_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_ports, "outside", lambda public, private: public)
    hosts = {"store": {"public": "127.0.0.1", "private": "192.0.2.1", "ports": ["1/tcp"]}}
    assert open_ports.open_ports(hosts) == []


@pytest.mark.parametrize(
    ("public", "address"),
    [("203.0.113.1", "203.0.113.1"), ("192.0.2.1", ""), ("localhost", ""), ("no.such.invalid", "")],
)
def test_only_an_address_of_its_own_is_outside(public: str, address: str) -> None:
    assert outside(public, "192.0.2.1") == address
