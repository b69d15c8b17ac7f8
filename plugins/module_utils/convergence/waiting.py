"""Waits, with a bound, until every verdict is good and stays good."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ansible_collections.landslide.voting.plugins.module_utils.convergence.verdict import Verdict

Verdicts = Mapping[str, Verdict]
INTERVAL = 0.5  # s between two checks


@dataclass(frozen=True)
class Clock:
    """The times and the pause of a wait, in seconds."""

    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def wait(
    check: Callable[[], Verdicts], timeout: float, settle: float, clock: Clock | None = None
) -> tuple[bool, Verdicts, float]:
    """Check until all have been converged for ``settle`` seconds, one has failed, or time is up.

    Whether they have is decided by the tasks' own times, or by what was seen where a node's clock
    is ahead. Returns success, the last verdicts, and the seconds waited.
    """
    clock = clock or Clock()
    began = clock.steady()
    converged_at = None
    while True:
        verdicts = check()
        now = clock.steady()
        states = {verdict.state for verdict in verdicts.values()}
        if states <= {"converged"}:
            converged_at = now if converged_at is None else converged_at
            youngest = max((verdict.since for verdict in verdicts.values()), default=0.0)
            if now - converged_at >= settle or clock.wall() - youngest >= settle:
                return True, verdicts, now - began
        else:
            converged_at = None
        if "failed" in states or now - began >= timeout:
            return False, verdicts, now - began
        clock.sleep(INTERVAL)
