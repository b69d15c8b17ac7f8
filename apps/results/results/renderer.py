"""What a reading of the store becomes: pages, events, and JSON, made once for all viewers."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from common.pages import templates

from results.chart import Chart
from results.config import Config
from results.figures import Figures
from results.words import ResultsWords

NO_FIGURES = "There are no figures yet: the store does not answer."


@dataclass(frozen=True)
class Snapshot:
    """Everything that is served, as bytes; pages and events by language."""

    pages: Mapping[str, bytes]
    events: Mapping[str, bytes]
    json: bytes
    etag: str


class Renderer:
    """Makes snapshots of one poll, in each of its languages."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._title = next(iter(config.texts.values())).title
        self._words = {language: ResultsWords(language) for language in config.texts}
        found = templates("results")
        self._page = found.get_template("page.html")
        self._fragment = found.get_template("figures.html")

    def render(self, figures: Figures | None, as_of: datetime, age: float | None) -> Snapshot:
        """The figures read at `as_of`; `age` in seconds where they are older than they should be.

        No figures at all: the store has not answered since the app started.
        """
        if figures is not None and figures.state != "closed" and not self._config.before_closing:
            figures = replace(figures, choices=())
        chart = figures and self._chart(figures, as_of)
        pages, events = {}, {}
        for language, texts in self._config.texts.items():
            words = self._words[language]
            fragment = self._fragment.render(
                figures=figures,
                chart=chart,
                as_of=as_of.astimezone(UTC),
                notice=_notice(words, figures, age),
                colors=self._config.colors,
                texts=texts,
                _=words,
            )
            page = self._page.render(texts=texts, fragment=fragment, _=words)
            lines = "".join(f"data: {line}\n" for line in fragment.splitlines())
            pages[language] = page.encode()
            events[language] = f"{lines}\n".encode()
        answer: dict[str, object] = {"error": NO_FIGURES}
        if figures is not None:
            answer = figures.as_json(self._title, as_of)
        body = json.dumps(answer).encode()
        return Snapshot(pages, events, body, hashlib.sha256(body).hexdigest()[:32])

    @staticmethod
    def _chart(figures: Figures, as_of: datetime) -> Chart | None:
        # After closing nothing more is to come, and the curve stays where it is.
        end = 0 if figures.state == "closed" else int(as_of.timestamp())
        return Chart.of(figures.minutes, end)


def _notice(words: ResultsWords, figures: Figures | None, age: float | None) -> str:
    """Why the figures are not those of now; empty where they are."""
    if figures is None:
        return words(NO_FIGURES)
    if age is None:
        return ""
    sentence = words("These figures are {} old: the store does not answer.")
    return sentence.format(words.counted(round(age), "second"))
