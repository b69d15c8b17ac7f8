"""Fixtures: a queue as a worker has it, for tests that take one step after the other."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from worker.config import Config
from worker.queue import Queue


class Waited:
    """As `subject`, with methods that return what those of `subject` do in the end."""

    def __init__(self, subject: Any, runner: asyncio.Runner) -> None:
        self._subject = subject
        self._runner = runner

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._subject, name)

        def call(*arguments: Any, **options: Any) -> Any:
            answer = method(*arguments, **options)
            return self._runner.run(answer) if asyncio.iscoroutine(answer) else answer

        return call


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """An event loop that runs while it is waited for."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def connect_queue(runner: asyncio.Runner) -> Iterator[Callable[[str, Config], Waited]]:
    """A function that connects to a queue as a worker does; all are closed after the test."""
    queues = []

    def connect(address: str, config: Config) -> Waited:
        queues.append(Waited(runner.run(Queue.connect(address, config)), runner))
        return queues[-1]

    yield connect
    for queue in queues:
        queue.close()
