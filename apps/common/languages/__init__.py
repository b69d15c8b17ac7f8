"""The languages that pages talk.

Each has a folder beside this file, with a JSON file for each app that talks it. For apps whose
English stands in their code and templates, the keys are the English words; `{}` in them stands for
what is known only later.
"""

import json
from pathlib import Path
from typing import Any

# The first is for whoever reads none of them.
LANGUAGES = (
    "en",
    *sorted({path.parent.name for path in Path(__file__).parent.glob("*/*.json")} - {"en"}),
)
# Those that are written from right to left, whether we talk them or not.
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})


def texts(language: str, app: str) -> dict[str, Any]:
    """What an app says in a language, by the key that it asks for."""
    file = Path(__file__).with_name(language) / f"{app}.json"
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def direction(language: str) -> str:
    """The value of HTML's `dir`."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


class Words:
    """An app's words in one language; `words("Your vote")` is "Ihre Stimme" in German."""

    def __init__(self, language: str, app: str) -> None:
        self.language = language
        self.direction = direction(language)
        self.known = {} if language == "en" else texts(language, app)

    def __call__(self, english: str) -> str:
        text: str = self.known.get(english, english)
        return text
