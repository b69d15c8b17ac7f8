from collections.abc import Callable

import pytest
from ansible_collections.landslide.voting.plugins.module_utils.convergence.verdict import Verdict
from ansible_collections.landslide.voting.plugins.module_utils.convergence.waiting import (
    Clock,
    Verdicts,
    wait,
)

WAITING = {"web": Verdict("waiting", "1 of 2 tasks run")}
FAILED = {"web": Verdict("failed", "paused"), "pg": Verdict("converged")}


class FakeTime:
    """Time that passes only in sleep; the first look is at 1000."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.clock = Clock(lambda: self.now, lambda: self.now, self.sleep)

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


def converged(since: float) -> Verdicts:
    return {"web": Verdict("converged", since=since), "pg": Verdict("converged", since=1)}


def looks(*results: Verdicts) -> Callable[[], Verdicts]:
    """Give one result after the other, the last one for ever."""
    left = list(results)
    return lambda: left.pop(0) if len(left) > 1 else left[0]


def test_what_has_run_for_long_is_not_waited_for(time: FakeTime) -> None:
    assert wait(looks(converged(900)), 10, 2, time.clock) == (True, converged(900), 0)


def test_what_has_just_come_up_has_to_settle(time: FakeTime) -> None:
    assert wait(looks(WAITING, converged(1000.5)), 10, 2, time.clock)[::2] == (True, 2.5)


def test_a_node_with_a_fast_clock_does_not_prolong_the_wait(time: FakeTime) -> None:
    assert wait(looks(converged(5000)), 10, 2, time.clock)[::2] == (True, 2)


def test_settling_starts_anew_after_a_relapse(time: FakeTime) -> None:
    young = converged(5000)
    assert wait(looks(young, young, WAITING, young), 10, 2, time.clock)[::2] == (True, 3.5)


def test_one_failure_ends_the_wait_at_once(time: FakeTime) -> None:
    assert wait(looks(WAITING, FAILED), 10, 2, time.clock) == (False, FAILED, 0.5)


def test_the_wait_is_bounded(time: FakeTime) -> None:
    assert wait(looks(WAITING), 10, 2, time.clock) == (False, WAITING, 10)


def test_without_time_there_is_one_look(time: FakeTime) -> None:
    assert wait(looks(WAITING, FAILED), 0, 2, time.clock) == (False, WAITING, 0)
