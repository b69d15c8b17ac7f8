"""A queue whose disk loses its power, or is full: it keeps what it has acknowledged."""

import threading

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from testing.disk import Disk
from testing.redis_server import PASSWORDS, RedisServer
from testing.waiting import wait_until

CUTS = 4
# Once a second everything is on disk: a cut right then finds nothing to lose.
MOST_TRIES = 10
BEFORE_A_CUT = 200  # votes
# Several times what a cut waits for, or a full disk's last blocks hold.
MOST_VOTES = 20_000


class Voters(threading.Thread):
    """Vote until the queue fails; `acknowledged` are the ids of the entries."""

    def __init__(self, queue: RedisServer) -> None:
        super().__init__(daemon=True)
        self.acknowledged: list[str] = []
        self._socket = str(queue.socket_path)

    def run(self) -> None:
        client = redis.Redis(
            unix_socket_path=self._socket,
            username="frontend",
            password=PASSWORDS["frontend"],
            decode_responses=True,
            socket_timeout=5,
            # An entry that is added again after an error would hide that the first was lost.
            retry=Retry(NoBackoff(), 0),
        )
        with client:
            try:
                while len(self.acknowledged) < MOST_VOTES:
                    entry = client.xadd("ballots", {"voter": "v"}, nomkstream=True)
                    self.acknowledged.append(entry)
            except redis.RedisError:
                return


@pytest.fixture
def queue(queue_on_disk: RedisServer) -> RedisServer:
    """A running queue that takes votes."""
    queue_on_disk.open_intake()
    return queue_on_disk


def stored(queue: RedisServer) -> set[str]:
    """The ids of all entries."""
    with queue.client() as client:
        return {entry for entry, _ in client.xrange("ballots")}


def lost_by_a_power_cut(
    queue: RedisServer, disk: Disk, *options: str, rewrite: bool = False
) -> set[str]:
    """Restart with `options`, cut the power among votes; what had been acknowledged and is gone."""
    queue.kill()
    queue.start(*options)
    before = stored(queue)
    voters = Voters(queue)
    voters.start()
    wait_until(lambda: len(voters.acknowledged) >= BEFORE_A_CUT)
    if rewrite:
        with queue.client() as client:
            client.bgrewriteaof()
            wait_until(lambda: not client.info("persistence")["aof_rewrite_in_progress"])
    disk.cut_power()
    queue.kill()
    voters.join(10)
    queue.start(*options)
    return (before | set(voters.acknowledged)) - stored(queue)


def test_a_power_cut_loses_nothing(queue: RedisServer, queue_disk: Disk) -> None:
    for _ in range(CUTS):
        assert lost_by_a_power_cut(queue, queue_disk) == set()


def test_a_power_cut_after_the_log_was_rewritten_loses_nothing(
    queue: RedisServer, queue_disk: Disk
) -> None:
    for _ in range(CUTS):
        assert lost_by_a_power_cut(queue, queue_disk, rewrite=True) == set()


def test_a_power_cut_would_show_a_queue_that_thanks_too_early(
    queue: RedisServer, queue_disk: Disk
) -> None:
    too_early = ("--appendfsync", "everysec")
    assert any(lost_by_a_power_cut(queue, queue_disk, *too_early) for _ in range(MOST_TRIES))


def test_a_full_disk_costs_only_votes_that_were_never_acknowledged(
    queue: RedisServer, queue_disk: Disk
) -> None:
    acknowledged: set[str] = set()
    with queue_disk.full():
        # Redis ends where it cannot write; Swarm starts it again, and there is still no room.
        for _ in range(2):
            voters = Voters(queue)
            voters.run()
            acknowledged.update(voters.acknowledged)
            queue.kill()
            queue.start()
            assert stored(queue) >= acknowledged
    assert "No space left on device" in queue.log_path.read_text()
    with queue.client("frontend") as client:
        acknowledged.add(client.xadd("ballots", {"voter": "v"}, nomkstream=True))
    assert stored(queue) >= acknowledged
