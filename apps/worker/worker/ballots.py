"""Sorts queue entries into ballots and rejected ones. Pure: bytes in, bytes out, no I/O."""

import re
from collections.abc import Iterable
from typing import NamedTuple

# An entry as Redis gives it: its id "ms-seq", and names and values in turn; None where the entry
# was deleted from the stream while it was still to be delivered.
Entry = tuple[bytes, list[bytes] | None]

# How our frontends lay an entry out; the sender is there for diagnosis.
_FIELDS = [b"voter", b"choice", b"cast"]
_FIELDS_AND_SENDER = [*_FIELDS, b"node"]

_UUID = rb"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
# Microseconds since the Unix epoch: 16 digits are the years 2001 to 2286. Nothing nearer to now,
# because which ballot is rejected must not depend on when, or beside which clock, it is read.
_CAST = rb"[1-9][0-9]{15}"


class Rejected(NamedTuple):
    """An entry that is no ballot, and why; the payload is kept byte for byte."""

    entry_ms: int
    entry_seq: int
    reason: str
    payload: list[bytes] | None


class Batch(NamedTuple):
    """What a read of one stream came to.

    `accepted` is text for COPY, a line for each ballot: entry_ms, entry_seq, voter, choice,
    cast_us. `sender` is the node that the last entry names, or "".
    """

    accepted: bytes
    rejected: list[Rejected]
    sender: str


class Sorter:
    """Tells ballots from everything else, for a poll with the given choice keys."""

    def __init__(self, choices: Iterable[str]) -> None:
        keys = b"|".join(re.escape(choice.encode()) for choice in choices)
        self._tests = (
            (re.compile(_UUID).fullmatch, "the voter is not a UUID"),
            (re.compile(keys).fullmatch, "there is no such choice"),
            (re.compile(_CAST).fullmatch, "the cast time is not one in microseconds"),
        )
        # Nothing in it matches a tab, a newline or a backslash, so a line that matches is three
        # plain values to COPY. 18 digits always fit a bigint.
        self._is_ballot = re.compile(
            rb"[0-9]{1,18}\t[0-9]{1,18}\t%b\t(?:%b)\t%b" % (_UUID, keys, _CAST)
        ).fullmatch

    def sort(self, entries: Iterable[Entry]) -> Batch:
        """Sort the entries of one read. Takes anything that a stream can hold, and never raises.

        A worker does this 80,000 times a second: what our frontends send is one join and one
        match. Whatever is not exactly that is looked at closely.
        """
        accepted: list[bytes] = []
        rejected: list[Rejected] = []
        fields: list[bytes] | None = None
        for entry_id, fields in entries:
            if fields and fields[::2] in (_FIELDS_AND_SENDER, _FIELDS):
                line = b"\t".join((entry_id.replace(b"-", b"\t"), *fields[1:6:2]))
                if self._is_ballot(line):
                    accepted.append(line)
                    continue
            ballot = self._examine(entry_id, fields)
            if isinstance(ballot, Rejected):
                rejected.append(ballot)
            else:
                accepted.append(ballot)
        return Batch(b"\n".join(accepted), rejected, _sender(fields))

    def _examine(self, entry_id: bytes, fields: list[bytes] | None) -> bytes | Rejected:
        entry_ms, entry_seq = (_signed(int(part)) for part in entry_id.split(b"-"))
        if fields is None:
            return Rejected(entry_ms, entry_seq, "it was deleted from the queue unread", None)
        if sorted(fields[::2]) not in (sorted(_FIELDS_AND_SENDER), sorted(_FIELDS)):
            reason = "the fields are not voter, choice and cast"
            return Rejected(entry_ms, entry_seq, reason, fields)
        by_name = dict(zip(fields[::2], fields[1::2], strict=True))
        values = [by_name[name] for name in _FIELDS]
        for value, (test, reason) in zip(values, self._tests, strict=True):
            if not test(value):
                return Rejected(entry_ms, entry_seq, reason, fields)
        return b"\t".join((b"%d\t%d" % (entry_ms, entry_seq), *values))


def _signed(number: int) -> int:
    """An entry's id has two unsigned 64-bit numbers, a bigint is signed: the same bits."""
    return number - 2**64 if number >= 2**63 else number


def _sender(fields: list[bytes] | None) -> str:
    if fields and fields[::2] == _FIELDS_AND_SENDER:
        return "".join(filter(str.isprintable, fields[7].decode("ascii", "ignore")))[:255]
    return ""
