"""The languages that the page talks: their words, their plurals, and how they write numbers.

English stands in the code and the templates. Each other language is a JSON file beside this one,
from the English words to its own; `{}` in them stands for what is known only later. What is counted
has a form for each kind of number that the language tells apart.
"""

import json
from math import ceil
from pathlib import Path
from typing import Any

from markupsafe import Markup

# Written from right to left.
RIGHT_TO_LEFT = frozenset({"ar"})
# From the English signs to those of the language, where they differ.
SIGNS = {"de": str.maketrans(",.", ".,")}


class Words:
    """The words of one language; `words("Pause")` is "Anhalten" in German."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.direction = "rtl" if language in RIGHT_TO_LEFT else "ltr"
        file = Path(__file__).with_name(f"{language}.json")
        self.known: dict[str, Any] = {} if language == "en" else json.loads(file.read_text())

    def __call__(self, english: str) -> Markup:
        """Markup, so that the elements of a page can be put into it."""
        return Markup(self.known.get(english, english))

    def number(self, number: float, form: str = ",") -> str:
        """ "1,234" in English, "1.234" in German; `form` is what format() takes."""
        return format(number, form).translate(SIGNS.get(self.language, {}))

    def counted(self, number: int, noun: str) -> str:
        """ "1 vote", "2 votes", "1,234 votes"; `noun` is English and regular."""
        forms = self.known.get(noun, [f"{{}} {noun}", f"{{}} {noun}s"])
        form = _arabic_form(number) if self.language == "ar" else int(number != 1)
        return str(forms[form].format(self.number(number)))

    def lasting(self, seconds: float) -> str:
        """ "0.4 s", "90.0 s", "3 min", "3 h": rather more than less."""
        for size, unit in ((3600, "{} h"), (60, "{} min")):
            if seconds > 2 * size:
                return self(unit).format(self.number(ceil(seconds / size)))
        return self("{} s").format(self.number(ceil(seconds * 10) / 10, ".1f"))


def _arabic_form(number: int) -> int:
    """Which of six: for none, one, two, a few, many, and all others.

    https://www.unicode.org/cldr/charts/latest/supplemental/language_plural_rules.html#ar
    """
    if number <= 2:
        return number
    if 3 <= number % 100 <= 10:
        return 3
    return 4 if number % 100 > 10 else 5
