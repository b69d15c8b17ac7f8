"""The bell: when a round is due."""

import threading
import time
from collections.abc import Callable

import pytest
from interlock.events import Bell, follow
from interlock.swarm import SwarmError


def test_the_tick_comes_without_a_ring() -> None:
    assert Bell().wait(tick=0.01, least=5, longest=5)


def test_a_ring_ends_the_wait_after_a_pause() -> None:
    bell = Bell()
    bell.ring()
    start = time.monotonic()
    assert bell.wait(tick=60, least=0.05, longest=60)
    assert 0.05 <= time.monotonic() - start < 5


def test_a_storm_is_cut_off() -> None:
    bell = Bell()
    over = threading.Event()

    def storm() -> None:
        while not over.wait(0.005):
            bell.ring()

    ringing = threading.Thread(target=storm)
    ringing.start()
    start = time.monotonic()
    assert bell.wait(tick=60, least=1, longest=0.2)
    took = time.monotonic() - start
    over.set()
    ringing.join()
    assert 0.2 <= took < 1


def test_many_rings_are_one_round() -> None:
    bell = Bell()
    for _ in range(100):
        bell.ring()
    assert bell.wait(tick=60, least=0.01, longest=60)
    start = time.monotonic()
    assert bell.wait(tick=0.05, least=0.01, longest=60)
    assert time.monotonic() - start >= 0.05


@pytest.mark.parametrize("rings", [0, 3])
def test_stop_leaves(rings: int) -> None:
    bell = Bell()
    for _ in range(rings):
        bell.ring()
    bell.stop()
    assert not bell.wait(tick=60, least=60, longest=60)


class Left(Exception):
    pass


def test_it_listens_again_after_an_end_and_after_an_error() -> None:
    bell = Bell()
    connections = 0

    def listen(ring: Callable[[], None]) -> None:
        nonlocal connections
        connections += 1
        ring()
        if connections == 2:
            raise SwarmError("no manager")

    def pause(seconds: float) -> None:
        if connections == 3:
            raise Left

    with pytest.raises(Left):
        follow(listen, bell, pause)
    bell.stop()
    # Three rings are one round, which finds the stop.
    assert not bell.wait(tick=60, least=60, longest=60)
    assert connections == 3


def test_what_is_wrong_is_said_once_for_as_long_as_it_lasts(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answers = iter(["no manager", "no manager", "expired", "", "expired", "expired"])

    def listen(ring: Callable[[], None]) -> None:
        try:
            error = next(answers)
        except StopIteration:
            raise Left from None
        if error:
            raise SwarmError(error)

    with pytest.raises(Left):
        follow(listen, Bell(), lambda seconds: None)
    assert [record.getMessage() for record in caplog.records] == [
        "events: no manager",
        "events: expired",
        "events: expired",
    ]
