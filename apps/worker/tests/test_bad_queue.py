"""A queue that hangs, or whose votes the store refuses, holds up no other of its worker's."""

from collections.abc import Iterator
from contextlib import contextmanager

from testing.poll import Poll, cast, entry, wait_for_intake
from testing.waiting import wait_until
from worker.queue import ANSWER_SECONDS, OPEN

from .test_two_readers import GROUP, QUICK, Neighbours, vote_each


def test_a_queue_that_hangs_holds_up_no_other(poll: Poll, neighbours: Neighbours) -> None:
    queues = neighbours(4)
    worker = poll.start_worker(queues, BATCH_SIZE="3", **QUICK)
    for queue in queues:
        wait_for_intake(queue)
    hanging, well = queues[:3], queues[3]
    for queue in hanging:
        queue.pause()
    with well.client("frontend") as client:
        for _ in range(100):
            client.xadd(OPEN, entry("a"))
    # Not when the worker has given up on the others, but while it waits for them.
    wait_until(lambda: poll.ballots() == 100, ANSWER_SECONDS - 5)
    assert "again in" not in worker.log()
    for queue in hanging:
        wait_until(
            lambda queue=queue: f"queue {queue.host}: Redis did not answer in time" in worker.log(),
            40,
        )
        queue.resume()
    vote_each(queues)
    poll.wait_for_entries(100 + len(queues))
    poll.check()


def test_a_batch_that_the_store_refuses_spoils_no_other_queue(
    poll: Poll, neighbours: Neighbours
) -> None:
    queues = neighbours(3)
    worker = poll.start_worker(queues, **QUICK)
    for queue in queues:
        wait_for_intake(queue)
    poisoned, *others = queues
    with poisoned.client() as client:
        identity = client.get("queue:id")
    connected = "SELECT pid FROM pg_stat_activity WHERE usename = 'worker'"
    connection = poll.postgres.query(connected)
    with refused(poll, identity):
        with poll.stuck_merges():
            assert cast(others[0], "a")
            poll.wait_for_stuck_merge()
            # Both are in the next merge.
            vote_each([poisoned, others[1]])
            for queue in queues:
                with queue.client() as client:
                    wait_until(lambda: client.xpending(OPEN, GROUP)["pending"] == 1)
        wait_until(lambda: poll.ballots() == 2)
        wait_until(lambda: f"queue {poisoned.host}: poison" in worker.log())
        for votes in (4, 6):
            vote_each(others)
            wait_until(lambda votes=votes: poll.ballots() == votes)
        assert not any(f"queue {queue.host}: poison" in worker.log() for queue in others)
        assert "store: " not in worker.log()
        assert poll.postgres.query(connected) == connection
        assert poll.postgres.query("SELECT unreached FROM workers") == [([],)]
    poll.wait_for_entries(7)
    poll.check()


@contextmanager
def refused(poll: Poll, identity: str) -> Iterator[None]:
    """While this holds, the store takes no ballot of the queue."""
    poll.postgres.query(
        f"""
        CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF NEW.queue = '{identity}' THEN RAISE 'poison'; END IF; RETURN NEW; END $$;
        CREATE TRIGGER poison BEFORE INSERT ON ballots FOR EACH ROW EXECUTE FUNCTION poison()
        """
    )
    try:
        yield
    finally:
        poll.postgres.query("DROP FUNCTION poison CASCADE")
