"""A queue whose device fails, with EIO: it keeps what it acknowledged, and says what is wrong."""

import re

import pytest
from testing.disk import Disk
from testing.failing_io import FailingIo
from testing.redis_server import RedisServer
from testing.waiting import wait_until

from .test_disk import Voters, stored

ENOUGH = 100  # votes
EIO = "Input/output error"


def vote_until(queue: RedisServer, enough: int = ENOUGH) -> Voters:
    """Voters who are at it until the queue fails, once they have `enough` receipts."""
    voters = Voters(queue)
    voters.start()
    wait_until(lambda: len(voters.acknowledged) >= enough or not voters.is_alive())
    return voters


def test_a_device_that_fails_costs_only_votes_that_were_never_acknowledged(
    queue_on_disk: RedisServer, queue_disk: Disk
) -> None:
    queue = queue_on_disk
    queue.open_intake()
    acknowledged: set[str] = set()
    for _ in range(2):
        voters = vote_until(queue)
        with queue_disk.failing():
            wait_until(queue.has_ended)
            voters.join(10)
            acknowledged.update(voters.acknowledged)
            # Swarm starts it again, and it is no better.
            with pytest.raises(RuntimeError, match=EIO):
                queue.start()
        queue.start()
        assert stored(queue) >= acknowledged
    assert re.search(f"(Error writing to the AOF|fsync error).*{EIO}", queue.log_path.read_text())


@pytest.mark.parametrize(
    ("what", "said"), [("write", "Error writing to the AOF"), ("sync", "fsync error")]
)
def test_a_write_or_a_sync_that_fails_is_no_receipt(
    redis_server: RedisServer, failing_io: FailingIo, what: str, said: str
) -> None:
    queue = redis_server
    queue.open_intake()
    queue.stop()
    acknowledged: set[str] = set()
    with failing_io.preloaded("appendonlydir"):
        queue.start()
        voters = vote_until(queue)
        with failing_io.failing(what):
            wait_until(queue.has_ended)
            voters.join(10)
            acknowledged.update(voters.acknowledged)
            queue.start()
            assert stored(queue) >= acknowledged
            # Still nothing is acknowledged, whoever tries.
            assert vote_until(queue).acknowledged == []
            wait_until(queue.has_ended)
        log = queue.log_path.read_text()
        assert any(said in line and EIO in line for line in log.splitlines())
        queue.start()
        acknowledged.update(vote_for(queue))
        assert stored(queue) >= acknowledged


def vote_for(queue: RedisServer) -> list[str]:
    """The id of one more vote's entry."""
    with queue.client("frontend") as client:
        return [client.xadd("ballots", {"voter": "v"}, nomkstream=True)]
