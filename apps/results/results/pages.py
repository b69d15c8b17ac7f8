"""What a reading of the store becomes: a page, an event, and JSON, made once for all viewers."""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from results.chart import Chart
from results.config import Config
from results.figures import Figures, counted, lasting


@dataclass(frozen=True)
class Edition:
    """Everything that is served, as bytes."""

    page: bytes
    event: bytes
    json: bytes
    etag: str


class Press:
    """Makes editions of one poll."""

    def __init__(self, config: Config) -> None:
        self._config = config
        environment = Environment(
            loader=PackageLoader("results"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["counted"] = counted
        environment.filters["lasting"] = lasting
        self._page = environment.get_template("page.html")
        self._fragment = environment.get_template("figures.html")

    def edition(self, figures: Figures | None, as_of: datetime, age: float | None) -> Edition:
        """The figures read at `as_of`; `age` in seconds where they are older than they should be.

        No figures at all: the store has not answered since the app started.
        """
        if figures is not None and figures.state != "closed" and not self._config.before_closing:
            figures = replace(figures, choices=())
        notice = ""
        if figures is None:
            notice = "There are no figures yet: the store does not answer."
        elif age is not None:
            notice = (
                f"These figures are {counted(round(age), 'second')} old: the store does not answer."
            )
        fragment = self._fragment.render(
            figures=figures,
            chart=figures and self._chart(figures, as_of),
            as_of=as_of.astimezone(UTC),
            notice=notice,
            config=self._config,
        )
        page = self._page.render(config=self._config, fragment=fragment)
        lines = "".join(f"data: {line}\n" for line in fragment.splitlines())
        answer: dict[str, object] = {"error": notice}
        if figures is not None:
            answer = figures.as_json(self._config.title, as_of)
        body = json.dumps(answer).encode()
        return Edition(
            page=page.encode(),
            event=f"{lines}\n".encode(),
            json=body,
            etag=hashlib.sha256(body).hexdigest()[:32],
        )

    @staticmethod
    def _chart(figures: Figures, as_of: datetime) -> Chart | None:
        # After closing nothing more is to come, and the curve stays where it is.
        end = 0 if figures.state == "closed" else int(as_of.timestamp())
        return Chart.of(figures.minutes, end)
