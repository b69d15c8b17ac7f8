"""What the page says in each language, with its counts and numbers as they are written there."""

from math import ceil

from babel import Locale
from babel.numbers import format_decimal
from common.languages import Words
from markupsafe import Markup


class ResultsWords(Words):
    """The words of one language; `words("Pause")` is "Anhalten" in German.

    What is counted has a text for each kind of number that the language tells apart, by its name in
    Unicode's CLDR: `one`, `other`, ...
    """

    def __init__(self, language: str) -> None:
        super().__init__(language, "results")
        self._locale = Locale.parse(language)

    def __call__(self, english: str) -> Markup:
        """Markup, so that the elements of a page can be put into it."""
        return Markup(super().__call__(english))

    def number(self, number: float, digits: int = 0) -> str:
        """ "1,234" in English, "1.234" in German."""
        pattern = "#,##0" + "." * bool(digits) + "0" * digits
        return format_decimal(number, pattern, self._locale)

    def counted(self, number: int, noun: str) -> str:
        """ "1 vote", "2 votes", "1,234 votes"; `noun` is English and regular."""
        forms = self.known.get(noun, {"one": f"{{}} {noun}", "other": f"{{}} {noun}s"})
        return str(forms[self._locale.plural_form(number)].format(self.number(number)))

    def lasting(self, seconds: float) -> str:
        """ "0.4 s", "90.0 s", "3 min", "3 h": rather more than less."""
        for size, unit in ((3600, "{} h"), (60, "{} min")):
            if seconds > 2 * size:
                return self(unit).format(self.number(ceil(seconds / size)))
        return self("{} s").format(self.number(ceil(seconds * 10) / 10, 1))
