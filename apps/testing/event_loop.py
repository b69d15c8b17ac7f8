"""An event loop for tests, in a thread of its own: Playwright keeps one running in the main one."""

import asyncio
import threading
from collections.abc import Coroutine
from functools import cache
from typing import Any, TypeVar

Result = TypeVar("Result")
SECONDS = 60


@cache
def event_loop() -> asyncio.AbstractEventLoop:
    """The one of all tests."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop


def run(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """What a coroutine returns or raises; TimeoutError where it takes longer than SECONDS."""
    return asyncio.run_coroutine_threadsafe(coroutine, event_loop()).result(SECONDS)
