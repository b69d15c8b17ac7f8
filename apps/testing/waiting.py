"""Waiting in tests: for a condition, and never for ever."""

import time
from collections.abc import Callable
from threading import Event


def wait_until(condition: Callable[[], object], seconds: float = 20) -> None:
    """Return as soon as the condition holds; raises TimeoutError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} seconds: {condition}")
        Event().wait(0.02)
