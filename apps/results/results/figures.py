"""The figures of a poll. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from results.chart import Minute, moment

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
    """The count as the store had it; `backlog` ballots were still in the queues.

    There are no choices where their votes are kept secret until the poll is closed.
    """

    state: str
    choices: tuple[Choice, ...]
    total: int
    test_votes: int
    backlog: int
    # Its files, by suffix: json and html.
    certificate: Mapping[str, str] | None
    # The latest ones in which somebody voted, oldest first.
    minutes: tuple[Minute, ...]

    @classmethod
    def from_counts(
        cls,
        state: str,
        backlog: int,
        counts: Sequence[tuple[str, str, int]],
        certificate: Mapping[str, str] | None = None,
        minutes: Sequence[tuple[int, int, float]] | None = None,
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
            backlog=backlog,
            certificate=certificate,
            minutes=tuple(Minute(*minute) for minute in minutes or ()),
        )

    @property
    def delay(self) -> float | None:
        """Seconds from cast to counted, at most, in the latest minute that has votes."""
        return self.minutes[-1].delay if self.minutes else None

    def as_json(self, title: str, as_of: datetime) -> dict[str, Any]:
        """The answer of /api/results."""
        return {
            "title": title,
            "state": self.state,
            "choices": [vars(choice) for choice in self.choices],
            "total": self.total,
            "test_votes": self.test_votes,
            "waiting": self.backlog,
            "minutes": [
                {"start": moment(minute.start).isoformat(), "votes": minute.votes}
                for minute in self.minutes
            ],
            "delay": self.delay,
            "as_of": as_of.astimezone(UTC).isoformat(timespec="seconds"),
        }
