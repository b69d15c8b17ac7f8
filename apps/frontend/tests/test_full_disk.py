"""Where the queue's disk is full no vote is acknowledged, and each that was before is in it."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from testing.disk import Disk
from testing.redis_server import RedisServer

# Several times what the last blocks of a full disk hold.
MOST_VOTES = 2000


@pytest.fixture
def redis_server(queue_on_disk: RedisServer) -> RedisServer:
    """The frontend's queue, on a disk that can be filled."""
    return queue_on_disk


JSON = {"Accept": "application/json"}


def acknowledged_until_refused(client: FlaskClient) -> int:
    """Vote until it is refused; how many votes were taken before."""
    for taken in range(MOST_VOTES):
        answer = client.post("/", data={"vote": "a"}, headers=JSON)
        assert ("node" in (answer.json or {})) == (answer.status_code == 200)
        if answer.status_code != 200:
            assert answer.status_code == 503
            assert "Retry-After" in answer.headers
            return taken
    raise AssertionError("it takes more than the disk can hold")


def test_on_a_full_disk_no_vote_is_acknowledged_until_there_is_room(
    client: FlaskClient,
    queue_disk: Disk,
    redis_server: RedisServer,
    ballots: Callable[[], list[dict[str, str]]],
) -> None:
    acknowledged = 0
    with queue_disk.full():
        # Redis ends where it cannot write; Swarm starts it again, and there is still no room.
        for _ in range(2):
            acknowledged += acknowledged_until_refused(client)
            redis_server.kill()
            redis_server.start()
    assert client.post("/", data={"vote": "a"}, headers=JSON).status_code == 200
    assert len(ballots()) == acknowledged + 1
