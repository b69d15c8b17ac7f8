"""The languages that the page talks, and which of them a visitor gets.

English stands in the code and the templates. Each other language is a JSON file beside this one,
from the English words to its own; `{}` in them stands for what is known only later.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

LANGUAGES = ("en", "de", "ar")
# Written from right to left.
RIGHT_TO_LEFT = frozenset({"ar"})


class Words:
    """The words of one language; `words("Your vote")` is "Ihre Stimme" in German."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.direction = "rtl" if language in RIGHT_TO_LEFT else "ltr"
        file = Path(__file__).with_name(f"{language}.json")
        self.known: dict[str, str] = {} if language == "en" else json.loads(file.read_text())

    def __call__(self, english: str) -> str:
        return self.known.get(english, english)


def best_language(accept_language: str, offered: Iterable[str]) -> str:
    """The first of `offered`, unless the visitor would rather have another of them (RFC 9110)."""
    languages = list(offered)
    wanted = parse_accept_header(accept_language, LanguageAccept)
    return wanted.best_match(languages, languages[0]) or languages[0]
