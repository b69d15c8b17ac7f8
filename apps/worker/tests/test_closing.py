"""Opening and closing: a vote is refused or counted, and a closed queue stays closed."""

from testing.poll import Frontend, Poll, cast, wait_for_intake
from testing.redis_server import RedisServer
from testing.waiting import wait_until


def test_closing_refuses_or_counts_each_vote(poll: Poll, redis_server: RedisServer) -> None:
    for name in ("worker01", "worker02"):
        poll.start_worker(redis_server, name)
    wait_for_intake(redis_server)
    frontends = [Frontend(redis_server) for _ in range(3)]
    for frontend in frontends:
        frontend.start()
    wait_until(lambda: poll.ballots() > 500)
    poll.close()
    for frontend in frontends:
        frontend.join(20)
    taken = sum(frontend.taken for frontend in frontends)
    poll.wait_for_entries(taken)
    assert poll.ballots() == taken
    wait_until(lambda: poll.postgres.query("SELECT intake_open FROM queues") == [(False,)])
    assert not cast(redis_server, "a")
    with redis_server.client() as client:
        assert client.xlen("ballots:closed") == 0
    poll.check()


def test_a_closed_poll_opens_no_queue_and_an_opened_one_does(
    poll: Poll, redis_server: RedisServer
) -> None:
    poll.close()
    worker = poll.start_worker(redis_server)
    wait_until(lambda: poll.postgres.query("SELECT 1 FROM queues"))
    assert not cast(redis_server, "a")
    poll.postgres.query("UPDATE poll SET state = 'open', closed_at = NULL")
    wait_for_intake(redis_server)
    assert worker.stop() == 0


def test_a_closed_queue_is_read_to_its_end_and_never_opened_again(
    poll: Poll, redis_server: RedisServer
) -> None:
    redis_server.open_intake()
    cast(redis_server, "a")
    with redis_server.client() as client:
        client.rename("ballots", "ballots:closed")
    # The state in Postgres still says open.
    poll.start_worker(redis_server)
    poll.wait_for_entries(1)
    assert not cast(redis_server, "a")
    poll.check()
