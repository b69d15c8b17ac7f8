"""Fixtures: a queue as a worker has it, for tests that take one step after the other."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from testing.event_loop import run
from worker.config import Config
from worker.queue import Queue


class Waited:
    """As `subject`, with methods that return what those of `subject` do in the end."""

    def __init__(self, subject: Any) -> None:
        self._subject = subject

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._subject, name)

        async def call(*arguments: Any, **options: Any) -> Any:
            answer = method(*arguments, **options)
            return await answer if asyncio.iscoroutine(answer) else answer

        return lambda *arguments, **options: run(call(*arguments, **options))


@pytest.fixture
def connect_queue() -> Iterator[Callable[[str, Config], Waited]]:
    """A function that connects to a queue as a worker does; all are closed after the test."""
    queues = []

    def connect(address: str, config: Config) -> Waited:
        queues.append(Waited(run(Queue.connect(address, config))))
        return queues[-1]

    yield connect
    for queue in queues:
        queue.close()
