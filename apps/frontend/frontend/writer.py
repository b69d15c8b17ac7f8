"""One connection to the queue, and the numbering of the entries that go through it."""

from hashlib import sha1
from typing import Any
from uuid import uuid4

from hiredis import ProtocolError, ReplyError

from frontend.ballot import Ballot
from frontend.connection import Connection
from frontend.entry import Entries

# Without NOMKSTREAM a late vote would make the stream anew, and so reopen the poll. What workers
# accept is looked at in the same moment, for they may have changed since the last vote.
# No shebang: Redis refuses a script that has one while its memory is full, before it has looked
# at what the script does, and the health check would not see whether a vote can be stored.
SCRIPT = """
local stream, witness, doubts = KEYS[1], KEYS[2], KEYS[3]
local accepted = redis.call('GET', 'ballots:accepted')
if accepted ~= ARGV[1] and redis.call('EXISTS', stream) == 1 then
    return {accepted}
end
local id = redis.call('XADD', stream, 'NOMKSTREAM', ARGV[2],
    'poll', ARGV[3], 'voter', ARGV[4], 'choice', ARGV[5], 'cast', ARGV[6], 'flag', ARGV[7],
    'node', ARGV[8], 'boot', ARGV[9], 'seq', ARGV[10], 'mac', ARGV[11])
if id then
    redis.call('SET', witness, ARGV[10])
    for n = 12, #ARGV, 2 do
        redis.call('HSET', doubts, ARGV[n], ARGV[n + 1])
    end
end
return id
"""
DIGEST = sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()
NEXT_ID = "*"
# Redis looks at this id, which no entry can have, only after it has seen to rights, memory and
# disk: with it a vote is one in all but the entry.
NO_ID = "0-0"
NOBODY = Ballot("00000000-0000-4000-8000-000000000000", "nobody", 0)


class NotAccepted(Exception):
    """Nothing was stored: `accepted` is what workers accept now, None where they do not say."""

    def __init__(self, accepted: bytes | None) -> None:
        super().__init__("what workers accept has changed")
        self.accepted = accepted


class Writer:
    """Numbers its entries from 1, without gaps. It belongs to one thread at a time.

    The entry that got no reply may be stored: its number is not used again, and is noted as being
    in doubt together with the next entry that is stored. With each entry the queue also keeps the
    writer's highest number, its witness.
    """

    def __init__(self, server: tuple[str, str, str, float], entries: Entries) -> None:
        self._server = server
        self._entries = entries
        self._boot = str(uuid4())
        self._keys = ("3", "ballots", f"witness:{self._boot}", "doubts")
        self._seq = 1
        self._doubts: tuple[str, ...] = ()
        self._connection: Connection | None = None

    @property
    def is_connected(self) -> bool:
        """Whether it has a connection, of whose end nothing is known."""
        return self._connection is not None

    def write(self, ballot: Ballot, accepted: bytes) -> bool:
        """Store a ballot; False where the queue takes no votes, and so stored nothing.

        `accepted` is what workers are known to accept. Raises NotAccepted where that is out of
        date, and hiredis.ReplyError where the queue refuses: then nothing was stored. Raises
        OSError or hiredis.ProtocolError where it may be stored.
        """
        values = self._entries.values(ballot, self._boot, self._seq)
        connection = self._connect()
        try:
            reply = self._run(connection, accepted, NEXT_ID, *values, *self._doubts)
        except (OSError, ProtocolError):
            self._doubts += self._entries.doubt(self._boot, self._seq)
            self._seq += 1
            self._drop()
            raise
        if reply is None:
            return False
        self._seq += 1
        self._doubts = ()
        return True

    def rehearse(self, accepted: bytes) -> None:
        """Find out whether an entry could be stored, and store none; raises as `write` does."""
        values = self._entries.values(NOBODY, self._boot, self._seq)
        connection = self._connect()
        try:
            self._run(connection, accepted, NO_ID, *values)
        except (OSError, ProtocolError):
            self._drop()
            raise
        except ReplyError as error:
            if "must be greater than 0-0" not in str(error):
                raise

    def exists(self, key: str) -> bool:
        """Whether the queue has a key; raises OSError or hiredis.HiredisError."""
        connection = self._connect()
        try:
            return bool(connection.ask("EXISTS", key))
        except (OSError, ProtocolError):
            self._drop()
            raise

    def _run(self, connection: Connection, *arguments: str | bytes) -> Any:
        try:
            reply = connection.ask("EVALSHA", DIGEST, *self._keys, *arguments)
        except ReplyError as error:
            if not str(error).startswith("NOSCRIPT"):
                raise
            reply = connection.ask("EVAL", SCRIPT, *self._keys, *arguments)
        if isinstance(reply, list):
            raise NotAccepted(reply[0])
        return reply

    def _connect(self) -> Connection:
        if self._connection is None:
            self._connection = Connection(*self._server)
        return self._connection

    def _drop(self) -> None:
        # A late or garbled reply must not be taken for that to the next command.
        if self._connection is not None:
            self._connection.close()
            self._connection = None
