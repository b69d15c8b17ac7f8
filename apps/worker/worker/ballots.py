"""Sorts queue entries into ballots and rejected ones. Pure: bytes in, bytes out, no I/O."""

import re
from collections.abc import Iterable
from typing import NamedTuple

# An entry as Redis gives it: its id "ms-seq", and names and values in turn; None where the entry
# was deleted from the stream while it was still to be delivered.
Entry = tuple[bytes, list[bytes] | None]

# How our frontends lay an entry out; and how those of version 1.0.0 did, whose votes may be in a
# queue when it is updated.
_FIELDS = [b"poll", b"voter", b"choice", b"cast", b"flag", b"node", b"boot", b"seq", b"mac"]
_OLD_FIELDS = [b"voter", b"choice", b"cast"]
_OLD_LAYOUTS = [sorted(_OLD_FIELDS), sorted([*_OLD_FIELDS, b"node"])]
# What the old ones lack of a line, as COPY writes null.
_NULLS = [rb"\N"] * 5

# A value is stored as what it means, and its MAC covers what was written: there is one way only to
# write it. The old ones have no MAC.
_UUID = rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_OLD_UUID = _UUID.replace(b"a-f", b"a-fA-F")
# Microseconds since the Unix epoch: 16 digits are the years 2001 to 2286. Nothing nearer to now,
# because which ballot is rejected must not depend on when, or beside which clock, it is read.
_CAST = rb"[1-9][0-9]{15}"
# Nothing that is variable in length ever gives back what it took (the last +), and an UUID is
# written out: so a line is matched in half the time.
_FLAG = rb"0|[1-9][0-9]{0,3}+"
_NODE = rb"[!-\[\]-~]{1,255}+"
# 18 digits always fit a bigint.
_SEQ = rb"[1-9][0-9]{0,17}+"
_MAC = rb"[0-9a-f]{32}"


class Rejected(NamedTuple):
    """An entry that is no ballot, and why; the payload is kept byte for byte.

    `own`: it has the fields of a vote, or nobody knows what it was; somebody may have a receipt.
    """

    entry_ms: int
    entry_seq: int
    reason: str
    payload: list[bytes] | None
    own: bool


class Batch(NamedTuple):
    """What a read of one stream came to.

    `accepted` are lines for COPY, one for each ballot: entry_ms, entry_seq, voter, choice,
    cast_us, flag, node, boot, seq, mac; the last five are null in one of version 1.0.0's. `sender`
    is the node that the last entry names, or "".
    """

    accepted: list[bytes]
    rejected: list[Rejected]
    sender: str


class Sorter:
    """Tells ballots from everything else, for the poll `poll` with the given choice keys.

    `poll` is None where the store does not know yet which poll it is for. `accepts` is published to
    frontends: the format of entries, the poll, and the choices.
    """

    def __init__(self, choices: Iterable[str], poll: str | None) -> None:
        keys = sorted(choices)
        self._poll = poll and poll.encode()
        self.accepts = poll and f"2 {poll} {','.join(keys)}"
        patterns = {
            b"voter": (_UUID, "the voter is not a UUID"),
            b"choice": (b"|".join(re.escape(key.encode()) for key in keys), "no such choice"),
            b"cast": (_CAST, "the cast time is not one in microseconds"),
            b"flag": (_FLAG, "the flag is not a number"),
            b"node": (_NODE, "the node is not a name"),
            b"boot": (_UUID, "the boot is not a UUID"),
            b"seq": (_SEQ, "the seq is not a number from 1"),
            b"mac": (_MAC, "the MAC is not one of 128 bits"),
        }
        self._tests = {
            name: (re.compile(pattern).fullmatch, reason)
            for name, (pattern, reason) in patterns.items()
        }
        old_voter = (re.compile(_OLD_UUID).fullmatch, "the voter is not a UUID")
        self._old_tests = {name: self._tests[name] for name in _OLD_FIELDS} | {b"voter": old_voter}
        # Nothing in it matches a tab, a newline or a backslash, so a line that matches is ten plain
        # values to COPY.
        columns = [b"[0-9]{1,18}+"] * 2 + [b"(?:%b)" % pattern for pattern, _ in patterns.values()]
        self._is_ballot = re.compile(rb"\t".join(columns)).fullmatch

    def sort(self, entries: Iterable[Entry]) -> Batch:
        """Sort the entries of one read. Takes anything that a stream can hold.

        A worker does this 80,000 times a second: what our frontends send is one join and one
        match. Whatever is not exactly that is looked at closely.

        Raises ValueError, and only then, for a vote of today's layout where the poll is None: it
        has to wait in its queue.
        """
        accepted: list[bytes] = []
        rejected: list[Rejected] = []
        fields: list[bytes] | None = None
        for entry_id, fields in entries:
            if fields and fields[::2] == _FIELDS and fields[1] == self._poll:
                line = b"\t".join((entry_id.replace(b"-", b"\t"), *fields[3::2]))
                if self._is_ballot(line):
                    accepted.append(line)
                    continue
            ballot = self._examine(entry_id, fields)
            if isinstance(ballot, Rejected):
                rejected.append(ballot)
            else:
                accepted.append(ballot)
        return Batch(accepted, rejected, _sender(fields))

    def _examine(self, entry_id: bytes, fields: list[bytes] | None) -> bytes | Rejected:
        entry_ms, entry_seq = (_signed(int(part)) for part in entry_id.split(b"-"))
        if fields is None:
            reason = "it was deleted from the queue unread"
            return Rejected(entry_ms, entry_seq, reason, None, own=True)
        by_name = dict(zip(fields[::2], fields[1::2], strict=True))
        values = self._values(sorted(fields[::2]), by_name)
        if isinstance(values, str):
            own = by_name.keys() >= set(_OLD_FIELDS)
            return Rejected(entry_ms, entry_seq, values, fields, own)
        return b"\t".join((b"%d\t%d" % (entry_ms, entry_seq), *values))

    def _values(self, names: list[bytes], by_name: dict[bytes, bytes]) -> list[bytes] | str:
        """The columns of a ballot from its voter on, or why it is none."""
        if names in _OLD_LAYOUTS:
            tests, missing = self._old_tests, _NULLS
        elif names == sorted(_FIELDS):
            if self._poll is None:
                raise ValueError("the store does not know yet which poll it is for")
            if by_name[b"poll"] != self._poll:
                return "it is of another poll"
            tests, missing = self._tests, []
        else:
            return "the fields are not those of a vote"
        for name, (test, reason) in tests.items():
            if not test(by_name[name]):
                return reason
        return [by_name[name] for name in tests] + missing


def _signed(number: int) -> int:
    """An entry's id has two unsigned 64-bit numbers, a bigint is signed: the same bits."""
    return number - 2**64 if number >= 2**63 else number


def _sender(fields: list[bytes] | None) -> str:
    if fields and b"node" in fields[::2]:
        node = fields[fields[::2].index(b"node") * 2 + 1]
        return "".join(filter(str.isprintable, node.decode("ascii", "ignore")))[:255]
    return ""
