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
from typing import NamedTuple
from uuid import UUID, uuid4

from common.redis_connection import RedisConnection
from hiredis import ReplyError

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
# Longer than it takes another worker to come where one has gone; until then the frontend has a
# page to show, and after that it is of no use to anybody.
WAITING_SECONDS = 10
# What every queue's certificate is for.
CERTIFICATE_NAME = "tasks.redis"
# Longer than an fsync on a bad day.
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


class Look(NamedTuple):
    """A queue as of one moment.

    The figures of those of STREAMS that exist; what is published to the frontend; and of the
    streams that were known before, those in which other consumers have entries pending.
    """

    streams: dict[str, Figures]
    accepted: str
    left: list[str]


class Pending(NamedTuple):
    """What a consumer has read and not acknowledged: how many entries, and the first one's id."""

    consumer: str
    first: bytes
    entries: int


class Queue:
    """One queue, as the consumer `consumer`, by one connection to it.

    The network gives an address again as soon as it is free, so what is in hand is of this queue as
    long as the connection holds, and no longer. Every method may raise OSError and
    hiredis.HiredisError.

    What empties a queue has to work on a full one, too. There Redis refuses every command that may
    take memory, and all of a MULTI.
    """

    def __init__(self, connection: RedisConnection, consumer: str) -> None:
        self._connection = connection
        self._consumer = consumer

    @classmethod
    async def connect(cls, address: str, config: Config) -> "Queue":
        password = config.queue_password_file.read_text().strip()
        place = (address, config.queue_port)
        connection = await RedisConnection.open(
            *(place, config.queue_user, password, ANSWER_SECONDS),
            ssl=config.store.tls.client,
            # Connected to by its address, one queue is as good as another.
            server_hostname=CERTIFICATE_NAME,
        )
        return cls(connection, config.node)

    def close(self) -> None:
        self._connection.close()

    async def identity(self) -> UUID:
        """The queue's own UUID, made when its volume is first used.

        Raises ValueError where the key holds no UUID: then this is not one of our queues.
        """
        [found] = await self._connection.ask(("GET", IDENTITY))
        # Asked first: SET is refused by a full queue.
        if found is None:
            made = ("SET", IDENTITY, str(uuid4()), "NX")
            _, found = await self._connection.ask(made, ("GET", IDENTITY))
        return UUID(found.decode("ascii", "replace"))

    async def look(self, known: Iterable[str] = ()) -> Look:
        """All that is looked at once a second; `known` are the streams that were there before."""
        found = await self._look(list(known))
        if OPEN in found.streams and len(found.streams) > 1:
            # Closed in between and seen under both names: it has one by now. What is reported too
            # high once stands for ever.
            found = await self._look([])
        return found

    async def _look(self, known: list[str]) -> Look:
        replies = await self._connection.exchange(
            *(("XINFO", "STREAM", stream) for stream in STREAMS),
            ("GET", ACCEPTED),
            *(("XPENDING", stream, GROUP) for stream in known),
        )
        streams = {}
        for stream, reply in zip(STREAMS, replies, strict=False):
            if isinstance(reply, list):
                told = dict(zip(reply[::2], reply[1::2], strict=True))
                first = told[b"first-entry"]
                oldest_ms = int(first[0].split(b"-")[0]) if first else None
                streams[stream] = Figures(told[b"entries-added"], told[b"length"], oldest_ms)
            elif "no such key" not in str(reply):
                raise reply
        accepted, *pending = replies[len(STREAMS) :]
        if isinstance(accepted, ReplyError):
            raise accepted
        left = []
        for stream, reply in zip(known, pending, strict=True):
            if isinstance(reply, list):
                if any(name.decode() != self._consumer for name, _ in reply[3] or ()):
                    left.append(stream)
            # One that has been renamed has none any more.
            elif "NOGROUP" not in str(reply):
                raise reply
        return Look(streams, (accepted or b"").decode("utf-8", "replace"), left)

    async def accept(self, votes: str) -> bool:
        """Publish to the frontend which votes workers can store; a full queue refuses: False."""
        try:
            await self._connection.ask(("SET", ACCEPTED, votes))
        except ReplyError as error:
            if str(error).startswith("OOM"):
                return False
            raise
        return True

    async def open_intake(self) -> bool:
        """Make the stream that frontends add to; False where the queue has, or had, one already."""
        return await self._make(OPEN)

    async def await_opening(self) -> None:
        """Mark the queue, for a while, as one of a poll that is not open yet."""
        await self._connection.ask(("SET", WAITING, "1", "EX", WAITING_SECONDS))

    async def close_intake(self, stream: str) -> bool:
        """Take no more votes: from this moment an XADD of a frontend is refused.

        `stream` is CLOSED or RETIRED. False where there is nothing to close. RENAME would overwrite
        a stream that is there already, and the ballots in it: where the open one is not the only
        one the queue stays open, for all to see.
        """
        if await self._make(stream):
            return True
        is_open, has_ended = await self._connection.ask(
            ("EXISTS", OPEN), ("EXISTS", CLOSED, RETIRED)
        )
        if not is_open or has_ended:
            return False
        try:
            await self._connection.ask(("RENAME", OPEN, stream))
        except ReplyError as error:
            if "no such key" in str(error):
                return False
            raise
        return True

    async def _make(self, stream: str) -> bool:
        """Make a stream and its group, unless there is one: another worker may be at it.

        It is WATCH that decides: a worker that was stopped after it had looked makes nothing.
        """
        _, there = await self._connection.ask(("WATCH", *STREAMS), ("EXISTS", *STREAMS))
        if there:
            await self._connection.ask(("UNWATCH",))
            return False
        make = ("XGROUP", "CREATE", stream, GROUP, "0", "MKSTREAM")
        *_, made = await self._connection.ask(("MULTI",), make, ("EXEC",))
        return made is not None

    async def read(
        self, after: Mapping[str, str], count: int, consumer: str | None = None
    ) -> list[tuple[str, list[Entry]]]:
        """Up to `count` entries of each stream in `after`: ">" for new ones, "0" for our pending.

        Streams that have nothing new are left out; one without pending entries has an empty list.
        `consumer` is whose pending ones are read, if not ours; they stay that one's until they are
        acknowledged.
        """
        command = ("XREADGROUP", "GROUP", GROUP, consumer or self._consumer, "COUNT", count)
        [reply] = await self._connection.ask((*command, "STREAMS", *after, *after.values()))
        return [(stream.decode(), entries) for stream, entries in reply or ()]

    async def pending_of_others(self, stream: str) -> list[Pending]:
        """What all consumers but this one have read and not acknowledged."""
        [(_, _, _, consumers)] = await self._connection.ask(("XPENDING", stream, GROUP))
        found = []
        for consumer, entries in consumers or ():
            name = consumer.decode()
            if name == self._consumer:
                continue
            range_ = ("XPENDING", stream, GROUP, "-", "+", 1, name)
            for first, *_ in (await self._connection.ask(range_))[0]:
                found.append(Pending(name, first, int(entries)))
        return found

    async def ack(self, stream: str, entry_ids: Iterable[bytes]) -> bool:
        """Delete and acknowledge entries that are stored.

        False where some were not there to be acknowledged: the stream has been renamed, or
        another consumer has claimed them. What dies between the two steps leaves pending entries
        without content, which the store knows and passes over; after an acknowledgement alone they
        would stay for ever.
        """
        ids = list(entry_ids)
        _, acknowledged = await self._connection.ask(
            ("XDEL", stream, *ids), ("XACK", stream, GROUP, *ids)
        )
        return bool(acknowledged == len(ids))
