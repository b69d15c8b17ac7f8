"""Whatever happens in whatever order: an entry counts once, and a voter's latest choice wins.

Hypothesis plays frontends, and workers that read, store, let go, die and come back at any step,
against a real Redis and a real Postgres, through the very objects that a worker uses.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from testing.internal_tls import directory_of
from testing.poll import Poll, entry
from testing.postgres_server import EMPTY, PostgresServer
from testing.redis_server import RedisServer
from worker.ballots import Entry, Sorter
from worker.config import Config
from worker.queue import CLOSED, OPEN, RETIRED
from worker.session import NEW, PENDING
from worker.store import Store

FIRST_CAST = 1_790_000_000_000_000
QUEUES = (0, 1)
NAMES = st.sampled_from(["worker01", "worker02"])
BATCHES = st.integers(1, 4)


class Histories(RuleBasedStateMachine):
    """Two queues, and two workers that each read both."""

    poll: Poll
    servers: list[RedisServer]
    connect_queue: Callable[[str, Config], Any]
    batches = Bundle("batches")

    def __init__(self) -> None:
        super().__init__()
        self.poll.postgres.query(EMPTY)
        self.admins = [server.client() for server in self.servers]
        self.queues = {}
        self.identities: dict[int, UUID] = {}
        self.stores = {}
        self.added = 0
        for number, (admin, server) in enumerate(zip(self.admins, self.servers, strict=True)):
            admin.flushall()
            for name in ("worker01", "worker02"):
                config = _config(name, server, self.poll.postgres)
                queue = type(self).connect_queue(server.host, config)
                queue.open_intake()
                self.queues[name, number] = queue
                self.identities[number] = queue.identity()
                if name not in self.stores:
                    self.stores[name] = Store.connect(config)
                self.stores[name].register(queue.identity())
        self.sorter = Sorter(["a", "b", "test"], "pets")

    def teardown(self) -> None:
        for (name, number), queue in self.queues.items():
            for stream in queue.look().streams:
                self.drain(name, number, stream)
            queue.close()
        for store in self.stores.values():
            store.close()
        self.agree()
        stored, rejected = self.poll.postgres.query(
            "SELECT (SELECT count(*) FROM ballots), (SELECT count(*) FROM rejected)"
        )[0]
        assert stored + rejected == self.added
        assert self.poll.postgres.query("SELECT * FROM collisions") == []
        for admin in self.admins:
            admin.close()

    @rule(
        number=st.sampled_from(QUEUES),
        voter=st.integers(0, 3),
        choice=st.sampled_from(["a", "b", "test", "nobody"]),
        cast=st.integers(0, 3),
    )
    def vote(self, number: int, voter: int, choice: str, cast: int) -> None:
        if self.admins[number].xadd(
            OPEN,
            entry(choice, UUID(int=voter), cast=str(FIRST_CAST + cast)),
            nomkstream=True,
        ):
            self.added += 1

    @rule(number=st.sampled_from(QUEUES), stream=st.sampled_from([CLOSED, RETIRED]))
    def close(self, number: int, stream: str) -> None:
        self.queues["worker01", number].close_intake(stream)

    @rule(
        target=batches,
        name=NAMES,
        number=st.sampled_from(QUEUES),
        after=st.sampled_from([PENDING, NEW]),
        count=BATCHES,
    )
    def read(
        self, name: str, number: int, after: str, count: int
    ) -> tuple[str, int, str, list[Entry]]:
        """What a worker reads and does not get to store is a worker that died just then."""
        [stream] = self.queues[name, number].look().streams
        found = self.queues[name, number].read({stream: after}, count)
        return name, number, stream, found[0][1] if found else []

    @rule(batch=batches)
    def store(self, batch: tuple[str, int, str, list[Entry]]) -> None:
        """Any batch, again and again, and long after others have stored it."""
        name, number, _, entries = batch
        self.stores[name].merge({self.identities[number]: self.sorter.sort(entries)})

    @rule(first=batches, second=batches)
    def store_together(
        self, first: tuple[str, int, str, list[Entry]], second: tuple[str, int, str, list[Entry]]
    ) -> None:
        """Batches of both queues in one transaction, by the worker that read the first."""
        if first[1] != second[1]:
            parts = (first, second)
            sorted_ = {self.identities[part[1]]: self.sorter.sort(part[3]) for part in parts}
            self.stores[first[0]].merge(sorted_)

    @rule(batch=batches)
    def store_and_ack(self, batch: tuple[str, int, str, list[Entry]]) -> None:
        name, number, stream, entries = batch
        self.store(batch)
        if entries:
            self.queues[name, number].ack(stream, [entry_id for entry_id, _ in entries])

    @rule(batch=batches)
    def store_and_die_while_acking(self, batch: tuple[str, int, str, list[Entry]]) -> None:
        """Deleted and not acknowledged: from now on they are delivered without content."""
        _, number, stream, entries = batch
        self.store(batch)
        if entries:
            self.admins[number].xdel(stream, *(entry_id for entry_id, _ in entries))

    @rule(target=batches, name=NAMES, number=st.sampled_from(QUEUES), count=BATCHES)
    def read_for_another(
        self, name: str, number: int, count: int
    ) -> tuple[str, int, str, list[Entry]]:
        """What the other worker has read and left behind, or is at this moment storing itself."""
        queue = self.queues[name, number]
        [stream] = queue.look().streams
        for pending in queue.pending_of_others(stream):
            [(_, entries)] = queue.read({stream: PENDING}, count, pending.consumer)
            return name, number, stream, entries
        return name, number, stream, []

    @invariant()
    def agree(self) -> None:
        self.poll.check()

    def drain(self, name: str, number: int, stream: str) -> None:
        queue = self.queues[name, number]
        others = [pending.consumer for pending in queue.pending_of_others(stream)]
        for after, consumer in [
            (PENDING, None),
            *((PENDING, other) for other in others),
            (NEW, None),
        ]:
            for _, entries in queue.read({stream: after}, 1000, consumer):
                self.store((name, number, stream, entries))
                if entries:
                    assert queue.ack(stream, [entry_id for entry_id, _ in entries])
        assert self.admins[number].xlen(stream) == 0


def test_every_history_ends_in_the_same_count(
    poll: Poll,
    make_redis_server: Callable[[], RedisServer],
    connect_queue: Callable[[str, Config], Any],
) -> None:
    class OurHistories(Histories):
        pass

    OurHistories.poll = poll
    OurHistories.connect_queue = connect_queue
    OurHistories.servers = [make_redis_server() for _ in QUEUES]
    run_state_machine_as_test(
        OurHistories, settings=settings(max_examples=20, stateful_step_count=25)
    )


def _config(name: str, queue: RedisServer, postgres: PostgresServer) -> Config:
    return Config.from_environ(
        {
            "NODE_NAME": name,
            "QUEUE_PORT": str(queue.port),
            "QUEUE_PASSWORD_FILE": str(queue.password_file("worker")),
            "PGHOST": postgres.host,
            "PGPORT": str(postgres.port),
            "PG_PASSWORD_FILE": str(postgres.password_file("worker")),
            "TLS_DIRECTORY": str(directory_of("worker")),
        }
    )
