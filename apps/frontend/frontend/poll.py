"""The poll: its question and its choices."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from common.languages import LANGUAGES

# A choice for the vote that proves a deployment: stored and counted like every other, in a tally
# row of its own, and left out of totals. It is never on the page.
TEST_KEY = "test"
PICTURE = re.compile(r"data:image/(svg\+xml|webp|png|jpeg);base64,[A-Za-z0-9+/]+=*", re.ASCII)


@dataclass(frozen=True)
class Choice:
    """One answer: its key in the form and in the ledger, its text, its colour as `#rrggbb`.

    `picture` is a data URL, or empty.
    """

    key: str
    text: str
    color: str
    picture: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9_-]{1,32}", self.key, re.ASCII) or self.key == TEST_KEY:
            raise ValueError(f"poll: {self.key!r} cannot be the key of a choice")
        _check_texts(text=self.text)
        if not re.fullmatch(r"#[0-9a-fA-F]{6}", self.color):
            raise ValueError(f"poll: choice {self.key!r} needs a color such as #0b7285")
        # It becomes part of a style sheet.
        if self.picture and not PICTURE.fullmatch(self.picture):
            raise ValueError(f"poll: choice {self.key!r} has a picture that is no data URL")

    @property
    def ink(self) -> str:
        """Black or white, whichever stands out more on the colour (WCAG 2.2 contrast ratio)."""
        channels = (int(self.color[i : i + 2], 16) / 255 for i in (1, 3, 5))
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        return "#000" if (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) else "#fff"


@dataclass(frozen=True)
class Poll:
    """A question with 2 to 20 choices, in one language; `translations` are the same in others.

    `id` is in every vote, so that one for another poll is never counted in this one.
    """

    id: str
    title: str
    question: str
    choices: tuple[Choice, ...]
    language: str = "en"
    opens_at: datetime | None = None
    translations: Mapping[str, "Poll"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9-]{1,64}", self.id, re.ASCII):
            raise ValueError("poll: it needs an id of 1 to 64 of a-z, 0-9 and -")
        _check_texts(title=self.title, question=self.question)
        if not 2 <= len(self.choices) <= 20:
            raise ValueError("poll: 2 to 20 choices, please")
        if len({choice.key for choice in self.choices}) < len(self.choices):
            raise ValueError("poll: two choices have the same key")
        if self.language not in LANGUAGES:
            raise ValueError(f"poll: {self.language!r} is none of {', '.join(LANGUAGES)}")
        if self.language in self.translations:
            raise ValueError(f"poll: it is in {self.language}, and translated to {self.language}")

    @property
    def keys(self) -> frozenset[str]:
        """All keys that a vote may name."""
        return frozenset(choice.key for choice in self.choices) | {TEST_KEY}

    @classmethod
    def from_json(cls, text: str) -> "Poll":
        """Read a poll file, as docs/poll.md describes it; ValueError for one that cannot work."""
        try:
            settings = json.loads(text)
            choices = tuple(
                Choice(c["key"], c["text"], c["color"], c.get("picture", ""))
                for c in settings["choices"]
            )
            language = settings.get("language", "en")
            opens_at = _time(settings.get("opens_at"))
            texts = settings["id"], settings["title"], settings["question"]
            poll = cls(*texts, choices, language, opens_at)
            translations = {
                code: poll._translated(code, texts)
                for code, texts in settings.get("translations", {}).items()
            }
            return replace(poll, translations=translations)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"poll: {error!r} while reading the poll file") from error

    def _translated(self, language: str, texts: Mapping[str, Any]) -> "Poll":
        words = texts["choices"]
        choices = tuple(replace(choice, text=words[choice.key]) for choice in self.choices)
        return Poll(self.id, texts["title"], texts["question"], choices, language, self.opens_at)


def _time(text: str | None) -> datetime | None:
    """A moment in UTC; none where the poll opens at once, or by hand only."""
    if text in (None, "infinity"):
        return None
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _check_texts(**texts: object) -> None:
    for name, text in texts.items():
        if not isinstance(text, str) or not text:
            raise ValueError(f"poll: it needs a {name}")
