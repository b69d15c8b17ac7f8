"""The program that sets a node's clock, on a process of our own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from landslide_tools.chaos.on_node.clock import at_rest, code, functions, set_clock, stopped

HOUR = 3600
TELL = """
import time
for _ in iter(input, ""):
    print(time.time(), time.monotonic(), flush=True)
"""

pytestmark = pytest.mark.skipif(os.uname().machine != "x86_64", reason="its code is for x86-64")


class Teller:
    """A process that tells the time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", TELL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.number = self._process.pid

    def ask(self) -> tuple[float, float]:
        """Its time, and its monotonic time, in seconds ahead of ours."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("?\n")
        self._process.stdin.flush()
        told, monotonic = map(float, self._process.stdout.readline().split())
        return told - time.time(), monotonic - time.monotonic()

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def teller() -> Iterator[Teller]:
    found = Teller()
    found.ask()
    yield found
    found.end()


def test_a_process_has_the_time_that_it_is_given_and_then_the_true_one(teller: Teller) -> None:
    true = functions()
    for seconds in (HOUR, -HOUR):
        set_clock(teller.number, {true[name][0]: text for name, text in code(seconds).items()})
        assert teller.ask() == pytest.approx((seconds, 0), abs=60)
    set_clock(teller.number, dict(true.values()))
    assert teller.ask() == pytest.approx((0, 0), abs=60)


def test_a_process_that_was_stopped_stays_so(teller: Teller) -> None:
    os.kill(teller.number, signal.SIGSTOP)
    os.waitid(os.P_PID, teller.number, os.WSTOPPED)
    true = functions()
    set_clock(teller.number, {true[name][0]: text for name, text in code(HOUR).items()})
    assert stopped(teller.number)
    assert at_rest(teller.number)
    os.kill(teller.number, signal.SIGCONT)
    assert teller.ask() == pytest.approx((HOUR, 0), abs=60)
