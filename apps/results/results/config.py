"""The results app's settings: the one place that reads the environment and the poll file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from common.settings import file, required
from common.store import StoreConfig


@dataclass(frozen=True)
class Texts:
    """The poll's texts in one language.

    `choices` are those texts, by key, that go before the store's, which has them in the poll's own.
    """

    title: str
    question: str
    choices: Mapping[str, str]


@dataclass(frozen=True)
class Config:
    """What the results app needs to know."""

    node: str
    # By language; the poll's own comes first.
    texts: Mapping[str, Texts]
    # The colours of the choices, by key.
    colors: Mapping[str, str]
    # Whether the votes of each choice are shown while the poll is open.
    before_closing: bool
    # The addresses of those who are believed on whom they speak for.
    load_balancers: frozenset[str]
    store: StoreConfig

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Config":
        """Read the settings.

        Required: NODE_NAME, POLL_FILE (JSON, see docs/poll.md), PG_PASSWORD_FILE.
        Optional: LOAD_BALANCERS (addresses, comma-separated), PGHOST, PGPORT, PGDATABASE, PGUSER,
        TLS_DIRECTORY.
        Raises ValueError for a missing one, and KeyError, too, for a poll file that is none.
        """
        poll = json.loads(file(environ, "POLL_FILE").read_text())
        return cls(
            node=required(environ, "NODE_NAME"),
            texts={
                poll.get("language", "en"): Texts(poll["title"], poll["question"], {}),
                **{
                    code: Texts(texts["title"], texts["question"], texts["choices"])
                    for code, texts in poll.get("translations", {}).items()
                },
            },
            colors={choice["key"]: choice["color"] for choice in poll["choices"]},
            before_closing=poll.get("results_before_closing", True),
            load_balancers=frozenset(environ.get("LOAD_BALANCERS", "").split(",")) - {""},
            store=StoreConfig.from_environ(environ, "results"),
        )
