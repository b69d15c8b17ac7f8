"""What is asked, and between what one may choose."""

import json
import re
from dataclasses import dataclass

# A choice for the vote that proves a deployment: stored and counted like every other, in a tally
# row of its own, and left out of totals. It is never on the page.
TEST_KEY = "test"


@dataclass(frozen=True)
class Choice:
    """One answer: its key in the form and in the ledger, its text, its colour as `#rrggbb`."""

    key: str
    text: str
    color: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9_-]{1,32}", self.key) or self.key == TEST_KEY:
            raise ValueError(f"poll: {self.key!r} cannot be the key of a choice")
        if not re.fullmatch(r"#[0-9a-fA-F]{6}", self.color):
            raise ValueError(f"poll: choice {self.key!r} needs a color such as #0b7285")

    @property
    def ink(self) -> str:
        """Black or white, whichever stands out more on the colour (WCAG 2.2 contrast ratio)."""
        channels = (int(self.color[i : i + 2], 16) / 255 for i in (1, 3, 5))
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        return "#000" if (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) else "#fff"


@dataclass(frozen=True)
class Poll:
    """A question with 2 to 20 choices."""

    title: str
    question: str
    choices: tuple[Choice, ...]

    def __post_init__(self) -> None:
        if not 2 <= len(self.choices) <= 20:
            raise ValueError("poll: 2 to 20 choices, please")
        if len({choice.key for choice in self.choices}) < len(self.choices):
            raise ValueError("poll: two choices have the same key")

    @property
    def keys(self) -> frozenset[str]:
        """All keys that a vote may name."""
        return frozenset(choice.key for choice in self.choices) | {TEST_KEY}

    @classmethod
    def from_json(cls, text: str) -> "Poll":
        """Read {title, question, choices: [{key, text, color}]}; ValueError for anything else."""
        try:
            poll = json.loads(text)
            choices = tuple(Choice(c["key"], c["text"], c["color"]) for c in poll["choices"])
            return cls(poll["title"], poll["question"], choices)
        except (KeyError, TypeError) as error:
            raise ValueError(f"poll: {error!r} while reading the poll file") from error
