"""kill -9 of workers, queues and the store, at random, while voters vote: no vote lost or doubled.

KILL_ROUNDS: how many processes are killed (6). KILL_SEED: which and when; it is printed.
"""

import os
import threading
from collections.abc import Callable
from random import Random, randrange
from uuid import UUID, uuid4

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry
from testing.poll import Poll, entry, wait_for_intake
from testing.redis_server import PASSWORDS, RedisServer
from testing.waiting import wait_until

ROUNDS = int(os.environ.get("KILL_ROUNDS", "6"))
SEED = int(os.environ.get("KILL_SEED", randrange(10**6)))
BETWEEN_KILLS = 200  # votes
PATIENCE = 90  # seconds, for a busy machine


class Voters(threading.Thread):
    """A new voter for each vote, who votes once and never again, whatever the answer was."""

    def __init__(self, queue: RedisServer) -> None:
        super().__init__(daemon=True)
        self._socket = str(queue.socket_path)
        self._done = threading.Event()
        self.acknowledged: set[UUID] = set()
        self.in_doubt: set[UUID] = set()

    def run(self) -> None:
        client = Redis(
            unix_socket_path=self._socket,
            username="frontend",
            password=PASSWORDS["frontend"],
            socket_timeout=5,
            # The client must not vote again behind our back.
            retry=Retry(NoBackoff(), 0),
        )
        while not self._done.is_set():
            voter = uuid4()
            fields = entry("a", voter)
            try:
                if client.xadd("ballots", fields, nomkstream=True) is not None:
                    self.acknowledged.add(voter)
            except RedisError:
                self.in_doubt.add(voter)
                self._done.wait(0.05)
        client.close()

    def finish(self) -> None:
        self._done.set()
        self.join(20)


def test_kills_at_random_lose_and_double_nothing(
    poll: Poll, neighbours: Callable[[int], list[RedisServer]]
) -> None:
    print(f"KILL_SEED={SEED} KILL_ROUNDS={ROUNDS}")
    random = Random(SEED)
    queues = neighbours(2)

    def start_worker(name: str) -> Callable[[], None]:
        return poll.start_worker(queues, name, CLAIM_IDLE="1", RESOLVE_INTERVAL="0.2").kill

    workers = {name: start_worker(name) for name in ("first", "second", "third", "fourth")}
    for queue in queues:
        wait_for_intake(queue)
    voters = [Voters(queue) for queue in queues]
    for voter in voters:
        voter.start()

    def acknowledged() -> int:
        return sum(len(voter.acknowledged) for voter in voters)

    for _ in range(ROUNDS):
        enough = acknowledged() + random.randrange(BETWEEN_KILLS)
        wait_until(lambda enough=enough: acknowledged() >= enough, PATIENCE)
        victim = random.choice([poll.postgres, *queues, *workers])
        if isinstance(victim, str):
            workers[victim]()
            workers[victim] = start_worker(victim)
        else:
            victim.kill()
            victim.start()
    for voter in voters:
        voter.finish()
    wait_until(lambda: drained(poll, queues), PATIENCE)

    ledger = [voter for (voter,) in poll.postgres.query("SELECT voter FROM ballots")]
    lost = set().union(*(voter.acknowledged for voter in voters)) - set(ledger)
    doubled = len(ledger) - len(set(ledger))
    unsure = set().union(*(voter.in_doubt for voter in voters))
    print(
        f"{acknowledged()} acknowledged, {len(unsure)} in doubt, {len(unsure & set(ledger))} of"
        f" them stored, {len(lost)} lost, {doubled} doubled"
    )
    assert (len(lost), doubled) == (0, 0)
    assert len(ledger) == acknowledged() + len(unsure & set(ledger))
    poll.check()


def drained(poll: Poll, queues: list[RedisServer]) -> bool:
    """Whether every entry that the queues were ever given is in the ledger."""
    added = 0
    for queue in queues:
        with queue.client() as client:
            info = client.xinfo_stream("ballots")
            if info["length"]:
                return False
            added += info["entries-added"]
    return poll.ballots() == added
