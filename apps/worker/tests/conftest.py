from collections.abc import Iterator
from pathlib import Path

import pytest
from testing.poll import Poll
from testing.postgres_server import PostgresServer


@pytest.fixture
def poll(postgres: PostgresServer, tmp_path: Path) -> Iterator[Poll]:
    """An open poll with no votes yet; its workers are killed after the test."""
    poll = Poll(postgres, tmp_path)
    yield poll
    poll.end()
