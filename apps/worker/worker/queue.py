"""A frontend node's queue: the streams of one Redis, read through a consumer group.

The stream `ballots` exists exactly while the queue takes votes. Closing the poll renames it, with
its group and its counters, to `ballots:closed`; retiring this one queue, to `ballots:retired`,
which its frontend takes for a queue that is not ready. Where there is no stream, that one is made,
so that no worker that is late can open the queue any more. Before the poll opens there is none, and
the key `ballots:waiting` as long as a worker sees to it. `ballots:accepted` says which votes the
workers can store.
Stream commands: https://redis.io/docs/latest/commands/
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from redis import Redis, RedisError, ResponseError, WatchError
from redis.backoff import NoBackoff
from redis.retry import Retry

from worker.ballots import Entry
from worker.config import Config

GROUP = "counters"
OPEN = "ballots"
CLOSED = "ballots:closed"
RETIRED = "ballots:retired"
STREAMS = (OPEN, CLOSED, RETIRED)
WAITING = "ballots:waiting"
ACCEPTED = "ballots:accepted"
IDENTITY = "queue:id"
BLOCK_MS = 1000
# Longer than it takes another worker to come where one has gone; until then the frontend has a
# page to show, and after that it is of no use to anybody.
WAITING_SECONDS = 10
# Longer than a blocking read, and than an fsync on a bad day.
ANSWER_SECONDS = 15


class Figures(NamedTuple):
    """What Redis says of a queue: entries ever added, and its backlog: those still in it.

    `oldest_ms` is when the oldest of these was added, in milliseconds since the Unix epoch; None
    where there is none.
    """

    entries_added: int
    backlog: int
    oldest_ms: int | None = None

    @classmethod
    def of(cls, streams: Iterable["Figures"]) -> "Figures":
        """Those of several streams together."""
        streams = list(streams)
        return cls(
            sum(stream.entries_added for stream in streams),
            sum(stream.backlog for stream in streams),
            min((stream.oldest_ms for stream in streams if stream.oldest_ms), default=None),
        )


class Pending(NamedTuple):
    """What a consumer has read and not acknowledged: how many entries, and the first one's id."""

    consumer: str
    first: bytes
    entries: int


class AnotherQueue(RedisError):
    """Behind the address is another queue than before: nothing in hand is of that one."""


class Queue:
    """One queue, as the consumer `consumer`. Every method may raise redis.RedisError.

    What empties a queue has to work on a full one, too. There Redis refuses every command that may
    take memory, and all of a MULTI.
    """

    def __init__(self, address: str, config: Config) -> None:
        self._consumer = config.node
        self._identity: bytes | None = None
        self._client: Any = Redis(
            host=address,
            port=config.queue_port,
            username=config.queue_user,
            password=config.queue_password_file.read_text().strip(),
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=5,
            # A read whose answer got lost must not be repeated behind our back: its entries are
            # pending now, and only asking for those brings them.
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            driver_info=None,
            redis_connect_func=self._log_in,  # type: ignore[arg-type]  # Is given the connection.
        )
        # As hiredis made it: a list of names and values, not a dict for each entry.
        self._client.set_response_callback("XREADGROUP", _untouched)

    def close(self) -> None:
        self._client.close()

    def _log_in(self, connection: Any) -> None:
        """The client connects anew without a word whenever a connection was lost.

        The network gives an address again as soon as it is free: by then it may be another queue's.
        """
        connection.on_connect()
        if self._identity is not None:
            connection.send_command("GET", IDENTITY)
            found = connection.read_response()
            if found != self._identity:
                raise AnotherQueue(f"this is queue {found!r} by now, and was {self._identity!r}")

    def identity(self) -> UUID:
        """The queue's own UUID, made when its volume is first used.

        From here on every connection is to that queue, or AnotherQueue is raised. Raises ValueError
        where the key holds no UUID: then this is not one of our queues.
        """
        # Asked first: SET is refused by a full queue.
        if not self._client.exists(IDENTITY):
            self._client.set(IDENTITY, str(uuid4()), nx=True)
        self._identity = self._client.get(IDENTITY)
        return UUID(self._identity.decode("ascii", "replace"))

    def streams(self) -> dict[str, Figures]:
        """The figures of those of STREAMS that exist, as of one moment."""
        found = self._streams()
        if OPEN in found and len(found) > 1:
            # Closed in between and seen under both names: it has one by now. What is reported too
            # high once stands for ever.
            found = self._streams()
        return found

    def _streams(self) -> dict[str, Figures]:
        with self._client.pipeline(transaction=False) as pipe:
            for stream in STREAMS:
                pipe.xinfo_stream(stream)
            answers = pipe.execute(raise_on_error=False)
        found = {}
        for stream, answer in zip(STREAMS, answers, strict=True):
            if isinstance(answer, dict):
                first = answer["first-entry"]
                oldest_ms = int(first[0].split(b"-")[0]) if first else None
                found[stream] = Figures(answer["entries-added"], answer["length"], oldest_ms)
            elif "no such key" not in str(answer):
                raise answer
        return found

    def accept(self, votes: str) -> None:
        """Publish to the frontend which votes workers can store. A full queue refuses a change.

        Raises redis.OutOfMemoryError then.
        """
        if self._client.get(ACCEPTED) != votes.encode():
            self._client.set(ACCEPTED, votes)

    def open_intake(self) -> bool:
        """Make the stream that frontends add to; False where the queue has, or had, one already."""
        return self._make(OPEN)

    def await_opening(self) -> None:
        """Mark the queue, for a while, as one of a poll that is not open yet."""
        self._client.set(WAITING, "1", ex=WAITING_SECONDS)

    def close_intake(self, stream: str) -> bool:
        """Take no more votes: from this moment an XADD of a frontend is refused.

        `stream` is CLOSED or RETIRED. False where there is nothing to close. RENAME would overwrite
        a stream that is there already, and the ballots in it: where the open one is not the only
        one the queue stays open, for all to see.
        """
        if self._make(stream):
            return True
        if not self._client.exists(OPEN) or self._client.exists(CLOSED, RETIRED):
            return False
        try:
            self._client.rename(OPEN, stream)
        except ResponseError as error:
            if "no such key" in str(error):
                return False
            raise
        return True

    def _make(self, stream: str) -> bool:
        """Make a stream and its group, unless there is one: another worker may be at it.

        It is WATCH that decides: a worker that was stopped after it had looked makes nothing.
        """
        with self._client.pipeline() as pipe:
            pipe.watch(*STREAMS)
            if pipe.exists(*STREAMS):
                return False
            pipe.multi()
            pipe.xgroup_create(stream, GROUP, id="0", mkstream=True)
            try:
                pipe.execute()
            except WatchError:
                return False
        return True

    def read(
        self, after: Mapping[str, str], count: int, consumer: str | None = None
    ) -> list[tuple[str, list[Entry]]]:
        """Up to `count` entries of each stream in `after`: ">" for new ones, "0" for our pending.

        Asked for pending entries it answers at once, with an empty list where there are none.
        Else it waits up to a second and leaves out streams that have nothing new. `consumer` is
        whose pending ones are read, if not ours; they stay that one's until they are acknowledged.
        """
        command = [
            "XREADGROUP", "GROUP", GROUP, consumer or self._consumer,
            "COUNT", count, "BLOCK", BLOCK_MS,
        ]  # fmt: skip
        answer = self._client.execute_command(*command, "STREAMS", *after, *after.values())
        return [(stream.decode(), entries) for stream, entries in answer or ()]

    def pending_of_others(self, stream: str) -> list[Pending]:
        """What all consumers but this one have read and not acknowledged."""
        found = []
        for consumer in self._client.xpending(stream, GROUP)["consumers"]:
            name = consumer["name"].decode()
            if name == self._consumer:
                continue
            for first in self._client.xpending_range(stream, GROUP, "-", "+", 1, name):
                found.append(Pending(name, first["message_id"], consumer["pending"]))
        return found

    def ack(self, stream: str, entry_ids: Iterable[bytes]) -> bool:
        """Delete and acknowledge entries that are stored.

        False where some were not there to be acknowledged: the stream has been renamed, or
        another consumer has claimed them. What dies between the two steps leaves pending entries
        without content, which the store knows and passes over; after an acknowledgement alone they
        would stay for ever.
        """
        ids = list(entry_ids)
        with self._client.pipeline(transaction=False) as pipe:
            pipe.xdel(stream, *ids)
            pipe.xack(stream, GROUP, *ids)
            _, acknowledged = pipe.execute()
        return bool(acknowledged == len(ids))


def _untouched(answer: Any, **_options: Any) -> Any:
    return answer
