"""The store, as the overview sees it: one connection, one cheap statement at each look."""

from dataclasses import dataclass

from common.store import Reader

from overview.config import Config

# Nothing in it reads ballots, however many there are. It is one statement, so all that the store
# has itself is of one moment. What workers reported of queues is older: of when they last saw them.
READ = """
    SELECT state, title, pg_database_size(current_database()),
        (SELECT coalesce(sum(votes), 0)::bigint FROM tally),
        (SELECT json_agg(json_build_array(
            node, intake_open, retired_at IS NOT NULL, waiting, entries_added, coalesce(rows, 0),
            CASE WHEN waiting > 0
                THEN extract(epoch FROM now())::float8 - oldest_ms / 1000.0 END,
            extract(epoch FROM now() - seen_at)::float8,
            shortfall
        ) ORDER BY node, first_seen)
        FROM queues LEFT JOIN (
            SELECT queue, sum(ballots + rejected) AS rows FROM deliveries GROUP BY queue
        ) AS delivered USING (queue)),
        (SELECT json_agg(json_build_array(worker, ballots, rejected) ORDER BY worker) FROM (
            SELECT worker, sum(ballots) AS ballots, sum(rejected) AS rejected
            FROM deliveries GROUP BY worker
        ) AS workers),
        (SELECT count(*) FROM rejected WHERE own),
        (SELECT count(*) FROM collisions)
    FROM poll
"""


@dataclass(frozen=True)
class Queue:
    """A queue as the workers last saw it, `seen` seconds ago; `stored` is of now.

    `age` in seconds is that of the oldest ballot in its backlog, below zero where its node's clock
    is ahead. `node` is empty where no ballot has named it yet. `shortfall` is by how many entries
    it once reported less than before.
    """

    node: str
    intake_open: bool
    retired: bool
    backlog: int
    received: int
    stored: int
    age: float | None
    seen: float
    shortfall: int

    @property
    def missing(self) -> int:
        """Ballots that have left the queue and are not in the store: one is too many.

        Never more than there are, though the queue was looked at before the store was: an entry
        leaves its queue only after it has been stored. Below zero are those stored since the look;
        as many may be missing without being seen here until the queue is seen again at rest.
        """
        return self.received - self.backlog - self.stored


@dataclass(frozen=True)
class Worker:
    """What a worker has stored since ever. The name is its node's."""

    name: str
    ballots: int
    rejected: int


@dataclass(frozen=True)
class PollStatus:
    """The poll, its queues and its workers, as of one moment."""

    state: str
    title: str
    size: int
    voters: int
    queues: tuple[Queue, ...]
    workers: tuple[Worker, ...]
    # Rejected entries that may be votes with a receipt, and entries under the id of another.
    rejected_own: int
    collisions: int

    @property
    def received(self) -> int:
        """Entries that were ever added to the queues."""
        return sum(queue.received for queue in self.queues)

    @property
    def missing(self) -> int:
        """Over the queues that miss any: what others stored since is no consolation."""
        return sum(queue.missing for queue in self.queues if queue.missing > 0)

    @property
    def stored_since(self) -> int:
        """Entries stored since the queues were seen.

        received = backlog + ballots + rejected + missing - stored_since.
        """
        return -sum(queue.missing for queue in self.queues if queue.missing < 0)

    @property
    def ballots(self) -> int:
        return sum(worker.ballots for worker in self.workers)

    @property
    def rejected(self) -> int:
        return sum(worker.rejected for worker in self.workers)

    @property
    def backlog(self) -> int:
        return sum(queue.backlog for queue in self.queues)

    @property
    def age(self) -> float | None:
        """Seconds since the oldest ballot in any backlog was added."""
        return max((queue.age for queue in self.queues if queue.age is not None), default=None)


class Store:
    """The store, for one thread at a time."""

    def __init__(self, config: Config) -> None:
        self._reader = Reader(config.store, f"overview {config.node}", READ)

    def read(self) -> PollStatus:
        """Raises psycopg2.Error or OSError within ten seconds."""
        state, title, size, voters, queues, workers, own, collisions = self._reader.row()
        return PollStatus(
            state=state,
            title=title,
            size=size,
            voters=voters,
            queues=tuple(Queue(*queue) for queue in queues or ()),
            workers=tuple(
                Worker(name.removeprefix("worker ") or "(before this page)", ballots, rejected)
                for name, ballots, rejected in workers or ()
            ),
            rejected_own=own,
            collisions=collisions,
        )

    def close(self) -> None:
        self._reader.close()
