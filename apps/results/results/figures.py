"""The figures of a poll, and how they are said. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

# Votes that prove a deployment are counted like all others, and are no part of the result.
TEST_KEY = "test"


@dataclass(frozen=True)
class Choice:
    """A choice with its votes, and their share of the total in percent, to one decimal."""

    key: str
    text: str
    votes: int
    percent: float


@dataclass(frozen=True)
class Figures:
    """The count as the store had it; `waiting` ballots were still in the queues.

    There are no choices where their votes are kept secret until the poll is closed.
    """

    state: str
    choices: tuple[Choice, ...]
    total: int
    test_votes: int
    waiting: int
    # Its files, by suffix: json and html.
    certificate: Mapping[str, str] | None

    @classmethod
    def from_counts(
        cls,
        state: str,
        waiting: int,
        counts: Sequence[tuple[str, str, int]],
        certificate: Mapping[str, str] | None = None,
    ) -> "Figures":
        """From the poll's state and (key, text, votes) of each choice, in the poll's order."""
        real = [count for count in counts if count[0] != TEST_KEY]
        total = sum(votes for _, _, votes in real)
        return cls(
            state=state,
            choices=tuple(
                Choice(key, text, votes, round(100 * votes / total, 1) if total else 0.0)
                for key, text, votes in real
            ),
            total=total,
            test_votes=sum(votes for key, _, votes in counts if key == TEST_KEY),
            waiting=waiting,
            certificate=certificate,
        )

    def as_json(self, title: str, as_of: datetime) -> dict[str, Any]:
        """The answer of /api/results."""
        return {
            "title": title,
            "state": self.state,
            "choices": [vars(choice) for choice in self.choices],
            "total": self.total,
            "test_votes": self.test_votes,
            "waiting": self.waiting,
            "as_of": as_of.astimezone(UTC).isoformat(timespec="seconds"),
        }


def counted(number: int, noun: str) -> str:
    """ "1 vote", "2 votes", "1,234 votes"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
