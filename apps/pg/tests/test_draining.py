"""From votes to the certificate, with workers: what is closed under load, away, or retired."""

from collections.abc import Callable

from testing.poll import Frontend, Poll, cast, wait_for_intake
from testing.redis_server import RedisServer
from testing.waiting import wait_until

from .conftest import ask, certify

Neighbours = Callable[[int], list[RedisServer]]


def test_a_poll_that_is_closed_under_load_has_counted_every_acknowledged_vote(
    poll: Poll, neighbours: Neighbours
) -> None:
    queues = neighbours(2)
    for number in range(4):
        poll.start_worker(queues, f"worker{number}")
    for queue in queues:
        wait_for_intake(queue)
    frontends = [Frontend(queue) for queue in queues for _ in range(2)]
    for frontend in frontends:
        frontend.start()
    wait_until(lambda: all(frontend.taken > 200 for frontend in frontends))
    assert ask(poll.postgres, "close")[0] == 0
    for frontend in frontends:
        frontend.join(20)
    wait_until(lambda: ask(poll.postgres, "drained")[0] == 0)
    taken = sum(frontend.taken for frontend in frontends)
    certificate = certify(poll.postgres)
    assert certificate["received"] == certificate["votes"] == taken
    assert {queue["received"] for queue in certificate["queues"]} == {
        sum(frontend.taken for frontend in part) for part in (frontends[:2], frontends[2:])
    }


def test_a_queue_whose_node_is_away_is_waited_for(poll: Poll, neighbours: Neighbours) -> None:
    queues = neighbours(2)
    away = queues[0]
    for number, queue in enumerate(queues):
        poll.start_worker(queues, f"worker{number}")
        wait_for_intake(queue)
        cast(queue, "a", node=f"frontend{number}")
    poll.wait_for_entries(2)
    wait_until(lambda: not poll.postgres.query("SELECT 1 FROM queues WHERE node = ''"))
    away.kill()
    assert ask(poll.postgres, "close")[0] == 0
    wait_until(lambda: poll.postgres.query("SELECT node FROM draining") == [("frontend0",)])
    code, said = ask(poll.postgres, "certify")
    assert code == 1
    assert "on frontend0 has not been seen closed" in said
    assert "frontend1" not in said
    away.start()
    wait_until(lambda: ask(poll.postgres, "drained")[0] == 0)
    assert certify(poll.postgres)["votes"] == 2


def test_a_queue_that_was_retired_is_not_waited_for(poll: Poll, neighbours: Neighbours) -> None:
    """Its votes are counted, its machine is gone, and the others go on until the poll closes."""
    leaving, staying = queues = neighbours(2)
    for number in range(4):
        poll.start_worker(queues, f"worker{number}")
    for queue in queues:
        wait_for_intake(queue)
    with leaving.client() as client:
        identity = client.get("queue:id")
    frontends = [Frontend(server) for server in (leaving, leaving, staying)]
    for frontend in frontends:
        frontend.start()
    wait_until(lambda: poll.ballots() > 500)
    assert ask(poll.postgres, "retire", identity) == (0, "The queue is retired.")
    # Refused from one moment on, as a queue that is not ready is.
    for frontend in frontends[:2]:
        frontend.join(20)
    with leaving.client("frontend") as client:
        assert not client.exists("ballots", "ballots:closed")
    wait_until(lambda: ask(poll.postgres, "drained", identity)[0] == 0)
    leaving.kill()
    assert cast(staying, "a")
    frontends[2].finish()
    assert ask(poll.postgres, "close")[0] == 0
    wait_until(lambda: ask(poll.postgres, "drained")[0] == 0)
    certificate = certify(poll.postgres)
    assert certificate["ballots"] == sum(frontend.taken for frontend in frontends) + 1
    assert len(certificate["queues"]) == 2
    poll.check()
