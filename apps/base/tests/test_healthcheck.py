"""The containers' health check."""

import socket

import pytest
from testing.container_health import is_healthy
from testing.http_backend import Backend


@pytest.mark.parametrize(("status", "alive"), [(200, True), (503, True), (500, False)])
def test_an_app_lives_that_says_how_it_is(
    backends: list[Backend], status: int, alive: bool
) -> None:
    backends[0].statuses["/healthz"] = status
    assert is_healthy(backends[0].port) is alive


def test_nobody_there_is_no_answer() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert not is_healthy(taken.getsockname()[1])


def test_silence_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        assert not is_healthy(mute.getsockname()[1])
