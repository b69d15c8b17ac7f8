"""A thread beside the event loop, for calls that block it."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar

Result = TypeVar("Result")


class Aside:
    """Runs one call after the other, in a thread of its own.

    It is a daemon: a call that hangs cannot hold up the end of the process, as one in asyncio's own
    threads would.
    """

    def __init__(self, name: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._calls: SimpleQueue[tuple[asyncio.Future[Any], Callable[[], Any]]] = SimpleQueue()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def call(self, function: Callable[..., Result], *arguments: object) -> "asyncio.Future[Result]":
        """What the function returns or raises. Whoever stops waiting for it does not stop it."""
        answer: asyncio.Future[Result] = self._loop.create_future()
        self._calls.put((answer, lambda: function(*arguments)))
        return answer

    def _run(self) -> None:
        while True:
            answer, call = self._calls.get()
            try:
                outcome: Any = call()
            except Exception as error:
                outcome = error
            # Where the loop has ended, nobody waits any more.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(_settle, answer, outcome)


def _settle(answer: "asyncio.Future[Any]", outcome: object) -> None:
    if answer.done():
        return
    if isinstance(outcome, Exception):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)
