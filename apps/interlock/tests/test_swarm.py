"""Reading managers that are well, broken, gone or silent."""

import socket

import pytest
from docker.tls import TLSConfig
from interlock import swarm
from interlock.swarm import Swarm, SwarmError
from testing.docker_engine import Engine
from testing.ports import free_port
from testing.swarm_api import SwarmApi


@pytest.fixture
def reader(engine: Engine) -> Swarm:
    engine.add_service("web", "votingapp.local")
    engine.add_task("web", "n1", 8001)
    return Swarm((f"unix://{engine.path}",), tls=False)


def test_reads_services_tasks_and_nodes(reader: Swarm, engine: Engine) -> None:
    assert reader.read() == (engine.services, engine.tasks, engine.nodes)
    # The version is what the engine said, not what this client was made for.
    assert ("GET", "/v1.45/services") in engine.requests


def test_through_the_swarm_api(swarm_api: SwarmApi, engine: Engine) -> None:
    pki = swarm_api.directory
    tls = TLSConfig(
        client_cert=(str(pki / "interlock.crt"), str(pki / "interlock.key")),
        ca_cert=str(pki / "ca.crt"),
        verify=True,
    )
    assert Swarm((swarm_api.url,), tls).read() == ([], [], engine.nodes)


def test_any_live_manager_will_do(engine: Engine) -> None:
    reader = Swarm((f"http://127.0.0.1:{free_port()}", f"unix://{engine.path}"), tls=False)
    assert reader.read()[2] == engine.nodes
    # And it stays with that one.
    assert reader._urls[0] == f"unix://{engine.path}"


def test_no_live_manager() -> None:
    ports = free_port(), free_port()
    with pytest.raises(SwarmError, match=rf"{ports[0]}.*{ports[1]}"):
        Swarm(tuple(f"http://127.0.0.1:{port}" for port in ports), tls=False).read()


def test_an_error_is_no_empty_swarm(reader: Swarm, engine: Engine) -> None:
    engine.broken = True
    with pytest.raises(SwarmError):
        reader.read()


def test_no_nodes_is_no_answer(reader: Swarm, engine: Engine) -> None:
    engine.nodes.clear()
    with pytest.raises(SwarmError, match="no nodes"):
        reader.read()


def test_a_silent_stream_is_left_without_a_word(
    reader: Swarm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(swarm, "EVENT_DEADLINE", 0.2)
    rings: list[None] = []
    reader.follow(lambda: rings.append(None))
    assert len(rings) == 1


def test_a_closed_stream_ends(reader: Swarm, engine: Engine) -> None:
    engine.closing.set()
    rings: list[None] = []
    reader.follow(lambda: rings.append(None))
    assert len(rings) == 1


def test_each_event_rings(reader: Swarm, engine: Engine) -> None:
    engine.events = [b'{"Type":"service"}', b'{"Type":"node"}']
    engine.closing.set()
    rings: list[None] = []
    reader.follow(lambda: rings.append(None))
    assert len(rings) == 3


def test_a_silent_manager_is_given_up(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swarm, "TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert Swarm((url, f"unix://{engine.path}"), tls=False).read()[2] == engine.nodes
