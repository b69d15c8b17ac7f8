"""The program that takes up a queue's memory, on a real Redis."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from landslide_tools.chaos.on_node.memory import ceiling, connect, fill
from testing.redis_server import RedisServer
from testing.waiting import wait_until


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[RedisServer]:
    found = RedisServer(tmp_path)
    found.start()
    found.open_intake()
    yield found
    found.stop()


def takes_votes(queue: RedisServer) -> bool:
    with queue.client("frontend") as client:
        try:
            return bool(client.xadd("ballots", {"voter": "v"}, nomkstream=True))
        except redis.OutOfMemoryError:
            return False


@pytest.mark.parametrize(
    ("setting", "size"),
    [("1024", 1024), ("512mb", 512 * 1024**2), ("3M", 3_000_000), ("1GB", 1024**3)],
)
def test_a_ceiling_is_what_redis_takes_it_for(setting: str, size: int) -> None:
    assert ceiling(f"A=b\0QUEUE_MAXMEMORY={setting}\0".encode()) == size


def test_a_queue_takes_no_votes_while_its_memory_is_taken(queue: RedisServer) -> None:
    assert takes_votes(queue)
    with connect(queue.socket_path) as connection:
        fill(connection, ceiling(b"QUEUE_MAXMEMORY=256mb"))
        wait_until(lambda: not takes_votes(queue))
    wait_until(lambda: takes_votes(queue))


def test_who_is_not_let_in_says_so(queue: RedisServer) -> None:
    with queue.client() as client:
        client.execute_command("ACL", "SETUSER", "health", "off")
    refused = pytest.raises(ConnectionRefusedError, match="WRONGPASS")
    with connect(queue.socket_path) as connection, refused:
        fill(connection, 1)
