"""One connection to the queue, and the numbering of the entries that go through it."""

import asyncio
from collections.abc import Sequence
from hashlib import sha1
from uuid import uuid4

from common.redis_connection import RedisConnection
from hiredis import ReplyError

from frontend.ballot import Ballot
from frontend.entry import Entries

# Without NOMKSTREAM a late vote would make the stream anew, and so reopen the poll. What workers
# accept is looked at in the same moment, for they may have changed since the last vote.
# A batch is stored whole or not at all: Redis looks at rights, memory and disk before the first
# entry, and not again once a script has written.
# No shebang: Redis refuses a script that has one while its memory is full, before it has looked
# at what the script does, and the health check would not see whether a vote can be stored.
HEAD = """
local stream, witness, doubts = KEYS[1], KEYS[2], KEYS[3]
local accepted = redis.call('GET', 'ballots:accepted')
local is_open = redis.call('EXISTS', stream)
if accepted ~= ARGV[1] and is_open == 1 then
    return {accepted}
end
"""
STORE = f"""{HEAD}
local last = 2 + 9 * tonumber(ARGV[2])
for n = 3, last, 9 do
    if not redis.call('XADD', stream, 'NOMKSTREAM', '*',
        'poll', ARGV[n], 'voter', ARGV[n + 1], 'choice', ARGV[n + 2], 'cast', ARGV[n + 3],
        'flag', ARGV[n + 4], 'node', ARGV[n + 5], 'boot', ARGV[n + 6], 'seq', ARGV[n + 7],
        'mac', ARGV[n + 8]) then
        return 0
    end
end
redis.call('SET', witness, ARGV[last - 1])
for n = last + 1, #ARGV, 2 do
    redis.call('HSET', doubts, ARGV[n], ARGV[n + 1])
end
return 1
"""
# Redis looks at this id, which no entry can have, only after it has seen to rights, memory and
# disk: so far it is a vote like any other.
REHEARSE = f"""{HEAD}
local reply = redis.pcall('XADD', stream, 'NOMKSTREAM', '0-0', 'poll', '')
if not string.find(reply.err, 'greater than 0-0', 1, true) then
    return reply
end
return is_open
"""
DIGESTS = {
    script: sha1(script.encode(), usedforsecurity=False).hexdigest() for script in (STORE, REHEARSE)
}


class NotAccepted(Exception):
    """Nothing was stored: `accepted` is what workers accept now, None where they do not say."""

    def __init__(self, accepted: bytes | None) -> None:
        super().__init__("what workers accept has changed")
        self.accepted = accepted


class Writer:
    """Numbers its entries from 1, without gaps. One batch at a time is written.

    Entries that got no reply may be stored: their numbers are not used again, and are noted as
    being in doubt together with the next entries that are stored. With each batch the queue also
    keeps the writer's highest number, its witness.
    """

    def __init__(self, server: tuple[str, str, str, float], entries: Entries) -> None:
        self._server = server
        self._entries = entries
        self._boot = str(uuid4())
        self._keys = ("3", "ballots", f"witness:{self._boot}", "doubts")
        self._seq = 1
        self._doubts: list[str] = []
        self._connection: RedisConnection | None = None
        self._opening: asyncio.Task[RedisConnection] | None = None

    async def write(self, ballots: Sequence[Ballot], accepted: bytes) -> bool:
        """Store ballots, all or none; False where the queue takes no votes, and so stored nothing.

        `accepted` is what workers are known to accept. Raises NotAccepted where that is out of
        date, and hiredis.ReplyError where the queue refuses: then nothing was stored. Raises
        OSError or hiredis.ProtocolError where they may be stored.
        """
        first, after = self._seq, self._seq + len(ballots)
        values: list[str] = []
        for seq, ballot in enumerate(ballots, first):
            values += self._entries.values(ballot, self._boot, seq)
        size = str(len(ballots))
        connection = await self._connect()
        try:
            is_stored = await self._run(connection, STORE, accepted, size, *values, *self._doubts)
        except (NotAccepted, ReplyError):
            raise
        except BaseException:
            for seq in range(first, after):
                self._doubts += self._entries.doubt(self._boot, seq)
            self._seq = after
            raise
        if is_stored:
            self._seq = after
            self._doubts = []
        return is_stored

    async def rehearse(self, accepted: bytes) -> bool:
        """Whether an entry would be stored; stores none, and raises as `write` does."""
        return await self._run(await self._connect(), REHEARSE, accepted)

    async def exists(self, key: str) -> bool:
        """Whether the queue has a key; raises OSError or hiredis.HiredisError."""
        connection = await self._connect()
        [found] = await connection.ask(("EXISTS", key))
        return bool(found)

    async def _run(self, connection: RedisConnection, script: str, *arguments: str | bytes) -> bool:
        try:
            [reply] = await connection.ask(("EVALSHA", DIGESTS[script], *self._keys, *arguments))
        except ReplyError as error:
            # Redis was restarted, or told to forget its scripts.
            if not str(error).startswith("NOSCRIPT"):
                raise
            [reply] = await connection.ask(("EVAL", script, *self._keys, *arguments))
        if isinstance(reply, list):
            raise NotAccepted(reply[0])
        return bool(reply)

    async def _connect(self) -> RedisConnection:
        if self._connection is not None and self._connection.is_open:
            return self._connection
        # Whoever needs it meanwhile waits for the same one: health checks would queue up.
        if self._opening is None:
            self._opening = asyncio.create_task(self._open())
        return await asyncio.shield(self._opening)

    async def _open(self) -> RedisConnection:
        try:
            self._connection = await RedisConnection.open(*self._server)
            return self._connection
        finally:
            self._opening = None
