"""Voters and ballots by the million: a ledger that is full already, and queues of new ballots.

Voter number n has always the same id, a UUID of version 7 as the load balancer makes them, and
50,000 of them come each second.
"""

import hashlib
import random
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

from redis import Redis

FIRST_MS = 1_780_000_000_000
VOTERS_PER_MS = 50
CHOICES = (b"a", b"b")
CHUNK = 10_000
# An entry as a frontend writes it, in Redis's protocol. Nobody checks these MACs.
ADDITION = (
    b"*22\r\n$4\r\nXADD\r\n$7\r\nballots\r\n$10\r\nNOMKSTREAM\r\n$1\r\n*\r\n"
    b"$4\r\npoll\r\n$4\r\npets\r\n$5\r\nvoter\r\n$36\r\n%b\r\n$6\r\nchoice\r\n$1\r\n%b\r\n"
    b"$4\r\ncast\r\n$16\r\n%d\r\n$4\r\nflag\r\n$1\r\n0\r\n$4\r\nnode\r\n$10\r\nfrontend01\r\n"
    b"$4\r\nboot\r\n$36\r\n%b\r\n$3\r\nseq\r\n$%d\r\n%b\r\n$3\r\nmac\r\n$32\r\n%032x\r\n"
)

# The same ids as voter() makes. An index is built faster than it is kept.
FILL = """
    TRUNCATE ballots, rejected, votes, deliveries, queues;
    ALTER TABLE ballots DROP CONSTRAINT ballots_pkey;
    ALTER TABLE votes DROP CONSTRAINT votes_pkey;
    SET session_replication_role = replica;
    INSERT INTO ballots (
        queue, entry_ms, entry_seq, voter, choice, cast_us, flag, node, boot, seq, mac
    )
    SELECT %(queue)s::uuid, ms, n %% 50,
        (lpad(to_hex(ms), 12, '0') || '7' || left(hash, 3) || '8' || substr(hash, 4, 15))::uuid,
        CASE n %% 2 WHEN 0 THEN 'a' ELSE 'b' END, ms * 1000,
        0, 'frontend01', %(queue)s::uuid, n + 1, hash::uuid
    FROM generate_series(0, %(rows)s - 1) AS n,
        LATERAL (SELECT %(first_ms)s + n / 50 AS ms, md5(n::text) AS hash) AS made;
    INSERT INTO votes (voter, choice, cast_us, queue, entry_ms, entry_seq)
    SELECT voter, choice, cast_us, queue, entry_ms, entry_seq FROM ballots;
    UPDATE tally SET votes = (SELECT count(*) FROM votes WHERE votes.choice = tally.choice);
    INSERT INTO queues (queue) VALUES (%(queue)s);
    SET session_replication_role = origin;
    ALTER TABLE ballots ADD PRIMARY KEY (queue, entry_ms, entry_seq);
    ALTER TABLE votes ADD PRIMARY KEY (voter);
"""


def voter(number: int) -> bytes:
    """The id of voter `number`, as text."""
    digits = hashlib.md5(b"%d" % number, usedforsecurity=False).hexdigest()
    ms = FIRST_MS + number // VOTERS_PER_MS
    return str(UUID(f"{ms:012x}7{digits[:3]}8{digits[3:18]}")).encode()


def fill_ledger(connection: Any, rows: int) -> None:
    """Make the ledger one of `rows` ballots, by as many voters; `connection` is a superuser's."""
    with connection.cursor() as cursor:
        cursor.execute(FILL, {"queue": str(uuid4()), "rows": rows, "first_ms": FIRST_MS})
        cursor.execute("VACUUM ANALYZE ballots, votes, tally")
        cursor.execute("CHECKPOINT")


def fill_queue(client: Redis, first: int, count: int, changed: float) -> None:
    """Add `count` ballots of the voters `first`, `first + 1`, and so on.

    A share of `changed` (0 to 1) is cast by voters before `first` instead, any of them.
    """
    chance = random.Random(first)
    # redis-py types none of these.
    connection: Any = client.connection_pool.get_connection()
    boot = str(uuid4()).encode()
    connection.send_command("CLIENT", "REPLY", "OFF")
    for begin in range(first, first + count, CHUNK):
        numbers = range(begin, min(begin + CHUNK, first + count))
        connection.send_packed_command(
            [b"".join(_additions(numbers, first, changed, boot, chance))]
        )
    connection.send_command("CLIENT", "REPLY", "ON")
    connection.read_response(disable_decoding=True)
    client.connection_pool.release(connection)


def _additions(
    numbers: range, before: int, changed: float, boot: bytes, chance: random.Random
) -> Iterator[bytes]:
    for number in numbers:
        again = chance.random() < changed
        yield ADDITION % (
            voter(chance.randrange(before) if again else number),
            chance.choice(CHOICES),
            (FIRST_MS + number // VOTERS_PER_MS) * 1000 + 1,
            boot,
            len(seq := b"%d" % (number - before + 1)),
            seq,
            number,
        )
