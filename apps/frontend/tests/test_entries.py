"""What is written to the queue beside a vote, so that whoever certifies misses no vote."""

import hmac
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from testing.redis_server import RedisServer
from testing.waiting import wait_until

from .conftest import ACCEPTED, ENTRY_KEY, IMPATIENT, accept

Ballots = Callable[[], list[dict[str, str]]]
JSON = {"Accept": "application/json"}


def vote(client: FlaskClient, choice: str = "a") -> int:
    return client.post("/", data={"vote": choice}, headers=JSON).status_code


def health(client: FlaskClient) -> tuple[int, str]:
    answer = client.get("/healthz")
    return answer.status_code, answer.text.strip()


def mac(*words: str) -> str:
    digest = hmac.new(ENTRY_KEY.encode(), "\t".join(words).encode(), "sha256")
    return digest.hexdigest()[:32]


def witnesses(queue: RedisServer) -> dict[str, str]:
    """Highest number by writer, as the queue has it."""
    with queue.client() as redis:
        keys = redis.keys("witness:*")
        return {key.removeprefix("witness:"): redis.get(key) for key in keys}


def doubts(queue: RedisServer) -> dict[str, str]:
    with queue.client() as redis:
        found: dict[str, str] = redis.hgetall("doubts")
        return found


def test_entries_are_numbered_signed_and_witnessed(
    client: FlaskClient, ballots: Ballots, redis_server: RedisServer
) -> None:
    for choice in "aba":
        assert vote(client, choice) == 200
    entries = ballots()
    assert {entry["poll"] for entry in entries} == {"cats-or-dogs"}
    assert {entry["flag"] for entry in entries} == {"0"}
    assert [entry["seq"] for entry in entries] == ["1", "2", "3"]
    for entry in entries:
        *values, signature = entry.values()
        assert signature == mac(*values)
    [boot] = {entry["boot"] for entry in entries}
    assert witnesses(redis_server) == {boot: "3"}
    assert doubts(redis_server) == {}


@IMPATIENT
def test_a_timeout_leaves_a_number_in_doubt_that_is_noted_with_the_next_vote(
    client: FlaskClient, ballots: Ballots, redis_server: RedisServer
) -> None:
    assert vote(client) == 200
    redis_server.pause()
    assert vote(client) == 503
    redis_server.resume()
    assert health(client) == (200, "open")
    wait_until(lambda: len(ballots()) == 2)
    # It was stored, and so witnessed; whoever sent it does not know that.
    [(boot, seq)] = witnesses(redis_server).items()
    assert (seq, doubts(redis_server)) == ("2", {})
    assert vote(client) == 200
    assert [ballot["seq"] for ballot in ballots()] == ["1", "2", "3"]
    signature = mac("doubt", "cats-or-dogs", "frontend<01>", boot, "2")
    assert doubts(redis_server) == {f"{boot}:2": signature}
    # Once is enough.
    with redis_server.client() as redis:
        redis.delete("doubts")
    assert vote(client) == 200
    assert doubts(redis_server) == {}


def test_a_killed_queue_leaves_no_gap_that_is_not_noted(
    client: FlaskClient, ballots: Ballots, redis_server: RedisServer
) -> None:
    assert vote(client) == 200
    for _ in range(2):
        redis_server.kill()
        # Where nothing could be sent, nothing is in doubt.
        assert vote(client) == 503
        assert vote(client) == 503
        redis_server.start()
        assert vote(client) == 200
    stored = {int(ballot["seq"]) for ballot in ballots()}
    noted = {int(field.rpartition(":")[2]) for field in doubts(redis_server)}
    assert stored | noted == set(range(1, max(stored) + 1))
    assert list(witnesses(redis_server).values()) == [str(max(stored))]


@pytest.mark.parametrize("closed", [True, False])
def test_what_the_queue_refuses_takes_no_number(
    client: FlaskClient, ballots: Ballots, redis_server: RedisServer, closed: bool
) -> None:
    assert vote(client) == 200
    with redis_server.client() as redis:
        if closed:
            redis.rename("ballots", "ballots:closed")
            assert vote(client) == 403
            redis.rename("ballots:closed", "ballots")
        else:
            redis.config_set("maxmemory", "1")
            assert vote(client) == 503
            redis.config_set("maxmemory", "256mb")
    assert vote(client) == 200
    assert [ballot["seq"] for ballot in ballots()] == ["1", "2"]
    assert doubts(redis_server) == {}


@pytest.mark.parametrize(
    ("accepted", "reason"),
    [
        (None, "no worker has said yet what it accepts"),
        ("3 cats-or-dogs a,b,test", "the workers accept entries of format 3, not 2"),
        ("2 tea-or-coffee a,b,test", "the workers have the poll tea-or-coffee, not cats-or-dogs"),
        ("2 cats-or-dogs a,test", "the workers' poll lacks b"),
        ("", "the workers accept entries of format , not 2"),
        ("2", "the workers have the poll , not cats-or-dogs"),
    ],
)
def test_what_workers_would_reject_is_not_written(
    client: FlaskClient,
    ballots: Ballots,
    redis_server: RedisServer,
    accepted: str | None,
    reason: str,
) -> None:
    assert vote(client) == 200
    assert health(client) == (200, "open")
    with redis_server.client() as redis:
        redis.delete("ballots:accepted")
    if accepted is not None:
        accept(redis_server, accepted)
    # From the very next vote on, not only after the next look.
    assert vote(client) == 503
    assert health(client) == (503, reason)
    assert len(ballots()) == 1
    accept(redis_server, ACCEPTED)
    assert vote(client) == 200
    assert health(client) == (200, "open")
    assert [ballot["seq"] for ballot in ballots()] == ["1", "2"]


def test_workers_may_accept_more_than_a_frontend_sends(
    client: FlaskClient, redis_server: RedisServer
) -> None:
    accept(redis_server, "2 cats-or-dogs a,b,c,test")
    assert vote(client) == 200
    assert health(client) == (200, "open")
