"""What a reading of the store becomes: a page, an event, and JSON, made once for all viewers."""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from results.config import Config
from results.figures import Figures, counted


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
            figures=figures, as_of=as_of.astimezone(UTC), notice=notice, colors=self._config.colors
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
