"""The record of every vote that was sent, and what came of it.

The one layout of it: the load client writes it, the command reads it. Times are microseconds.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

# Asked which of two choices is to count: it is neither taken nor refused.
ASKED = 409


class Vote(NamedTuple):
    """A vote, as a line of the record has it: its fields, separated by spaces.

    `sent` is when it was about to be sent, since the epoch; `took` is how long it took to the
    answer, or until there was to be none. Without an answer `status` is 0; without a receipt
    `cast`, the time that the receipt tells, is 0. `known` is the latest cast time that the voter's
    cookie knew of when the vote was sent. `balancer` is the address of the load balancer; the voter
    did not wait for the answer where it is `abandoned`.
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

    def line(self) -> str:
        """The line, with its end."""
        return " ".join(map(str, (*self[:-1], int(self.abandoned)))) + "\n"


def parse(lines: Iterable[str]) -> Iterator[Vote]:
    """Read the lines of a record; ValueError for one that is none."""
    for line in lines:
        voter, choice, *numbers, balancer, abandoned = line.split()
        sent, took, status, cast, known = map(int, numbers)
        yield Vote(voter, choice, sent, took, status, cast, known, balancer, abandoned == "1")


def read(path: Path) -> list[Vote]:
    """Read a record in the order in which the votes were sent."""
    with path.open(encoding="ascii") as lines:
        return sorted(parse(lines), key=lambda vote: vote.sent)


def written(path: Path) -> int:
    """Return how many votes there are in a record so far."""
    return path.read_bytes().count(b"\n") if path.exists() else 0
