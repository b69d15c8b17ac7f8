"""Whatever goes wrong on a vote's way, the one that the edge received last counts."""

import signal
from collections.abc import Callable
from pathlib import Path

from testing.waiting import wait_until

from .conftest import Load, System

# Longer than the load balancer waits for a frontend before it asks another.
HANGS_SECONDS = 12


def test_a_frontends_clock_decides_nothing(
    make_system: Callable[..., System], load: Callable[..., Load]
) -> None:
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    ahead = {"LD_PRELOAD": str(library), "FAKETIME": "+20s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    system = make_system(**ahead)
    # What somebody gives up on is unknown to the cookie of the choice that comes after it.
    run = load(system, 600, abandon=0.4, pause=20)
    run.finish()

    verdict = run.verdict()
    assert verdict.clean, verdict
    assert verdict.abandoned > 100


def test_a_request_that_is_repeated_is_as_old_as_it_was(
    system: System, load: Callable[..., Load]
) -> None:
    frozen = system.nodes[0]
    # As many clients as there are before a frozen frontend who do not wait.
    run = load(system, 100_000, seconds=HANGS_SECONDS + 3, clients=32, abandon=0.4, pause=200)
    wait_until(lambda: run.sent() > 100)
    frozen.signal(signal.SIGSTOP)
    # What hangs there is repeated elsewhere, after its voter has chosen otherwise.
    wait_until(lambda: any(v.took > 8e6 for v in run.votes()), HANGS_SECONDS + 5)
    frozen.signal(signal.SIGCONT)
    run.finish()

    # Without a lab beside it, this machine reads a vote soon.
    verdict = run.verdict(skew=100)
    assert verdict.clean, verdict
    # Given up, and stored all the same.
    assert verdict.extra > 100
    assert (verdict.refused, verdict.in_doubt, verdict.asked) == (0, 0, 0)


def test_one_browser_is_one_voter_by_http_and_https(
    system: System, load: Callable[..., Load]
) -> None:
    run = load(system, 400, changed=0.7, https=0.5)
    run.finish()

    verdict = run.verdict()
    assert verdict.clean, verdict
    assert verdict.voters < 200
