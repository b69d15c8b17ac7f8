"""What the load client wrote down of each vote (apps/load/vote.lua)."""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import getrandbits
from typing import NamedTuple
from uuid import UUID

from frontend.voter import Electorate, Voter

END = "end"


class Vote(NamedTuple):
    """A vote that was sent, and what came of it.

    `sent` is in microseconds since the epoch, `took` in microseconds. Without an answer `status`
    is 0; without a receipt `cast`, the time that the receipt tells, is 0.
    """

    voter: str
    choice: str
    sent: int
    took: int
    status: int
    cast: int

    @property
    def acknowledged(self) -> bool:
        """Whether the voter was thanked."""
        return self.cast != 0

    @property
    def in_doubt(self) -> bool:
        """Whether no answer came, or one that says neither yes nor no."""
        return self.cast == 0 and self.status < 400


def parse(lines: Iterable[str]) -> Iterator[Vote]:
    """Read the lines of a record; one that ends early is a vote in doubt, one cut short is none."""
    for line in lines:
        match line.split():
            case [voter, choice, sent, took, status, cast] if line.endswith("\n"):
                yield Vote(voter, choice, int(sent), int(took), int(status), int(cast))
            case [voter, choice, sent, *_]:
                yield Vote(voter, choice, int(sent), 0, 0, 0)


def read(directory: Path) -> list[Vote]:
    """Read all that was recorded, in the order in which it was sent."""
    votes: list[Vote] = []
    for path in directory.glob("record-*"):
        with path.open(encoding="ascii") as lines:
            votes += parse(lines)
    return sorted(votes, key=lambda vote: vote.sent)


class Tail:
    """Follows the records while they are written."""

    def __init__(self, directory: Path, clients: int) -> None:
        """Take the directory and the number of records that there will be."""
        self._paths = [directory / f"record-{number}" for number in range(clients)]
        self._read = dict.fromkeys(self._paths, 0)
        self._ended: set[Path] = set()
        self.votes = 0

    def look(self) -> bool:
        """Count the votes that were written since the last look; say whether all clients ended."""
        for path in self._paths:
            if path in self._ended or not path.exists():
                continue
            with path.open("rb") as record:
                record.seek(self._read[path])
                new = record.read()
            self._read[path] += len(new)
            self.votes += new.count(b"\n")
            if new.endswith(f"{END}\n".encode()):
                self._ended.add(path)
                self.votes -= 1
        return len(self._ended) == len(self._paths)


def new_voter() -> str:
    """Return a UUIDv7 (RFC 9562, 5.7), which is what the load balancer makes of a new voter."""
    milliseconds = time.time_ns() // 1_000_000
    return str(
        UUID(int=milliseconds << 80 | 7 << 76 | getrandbits(12) << 64 | 2 << 62 | getrandbits(62))
    )


def write_voters(path: Path, voters: Iterable[str], cookie_key: bytes) -> None:
    """Write the cookie that a frontend gives each of `voters`, UUIDs as text, on a line each."""
    electorate = Electorate(cookie_key, b"")
    with path.open("w", encoding="ascii") as file:
        file.writelines(f"{electorate.sign(Voter(voter, 0))}\n" for voter in voters)
