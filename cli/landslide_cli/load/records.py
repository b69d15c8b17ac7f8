"""What the load client wrote down of each vote (apps/load)."""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import getrandbits
from typing import NamedTuple
from uuid import UUID

from frontend.voter import Voter, VoterCookieSigner

RECORD = "record"
# Asked which of two choices is to count: it is neither taken nor refused.
ASKED = 409


class Vote(NamedTuple):
    """A vote that was sent, and what came of it.

    `sent` is when it was about to be sent, in microseconds since the epoch; `took`, in
    microseconds, is how long it took to the answer, or until there was to be none. Without an
    answer `status` is 0; without a receipt `cast`, the time that the receipt tells, is 0. `known`
    is the latest cast time that the voter's cookie knew of when the vote was sent. `balancer` is
    the address of the load balancer; the voter did not wait for the answer where it is `abandoned`.
    """

    voter: str
    choice: str
    sent: int
    took: int
    status: int
    cast: int
    known: int = 0
    balancer: str = ""
    abandoned: bool = False

    @property
    def acknowledged(self) -> bool:
        """Whether the voter has a receipt."""
        return self.cast != 0

    @property
    def asked(self) -> bool:
        """Whether the voter was asked which choice is to count."""
        return self.status == ASKED

    @property
    def in_doubt(self) -> bool:
        """Whether a voter who waited had no answer, or one that says neither yes nor no."""
        return self.cast == 0 and self.status < 400 and not self.abandoned


def parse(lines: Iterable[str]) -> Iterator[Vote]:
    """Read the lines of a record; ValueError for one that is none."""
    for line in lines:
        voter, choice, *numbers, balancer, abandoned = line.split(" ")
        sent, took, status, cast, known = map(int, numbers)
        yield Vote(
            voter, choice, sent, took, status, cast, known, balancer, abandoned.strip() == "1"
        )


def read(directory: Path) -> list[Vote]:
    """Read all that was recorded, in the order in which it was sent."""
    with (directory / RECORD).open(encoding="ascii") as lines:
        return sorted(parse(lines), key=lambda vote: vote.sent)


def written(directory: Path) -> int:
    """Return how many votes there are in the record so far."""
    path = directory / RECORD
    return path.read_bytes().count(b"\n") if path.exists() else 0


def new_voter() -> str:
    """Return a UUIDv7 (RFC 9562, 5.7), which is what the load balancer makes of a new voter."""
    milliseconds = time.time_ns() // 1_000_000
    return str(
        UUID(int=milliseconds << 80 | 7 << 76 | getrandbits(12) << 64 | 2 << 62 | getrandbits(62))
    )


def write_voters(path: Path, voters: Iterable[str], cookie_key: bytes) -> None:
    """Write the cookie that a frontend gives each of `voters`, UUIDs as text, on a line each."""
    signer = VoterCookieSigner([cookie_key])
    with path.open("w", encoding="ascii") as file:
        file.writelines(f"{signer.sign(Voter(voter))}\n" for voter in voters)
