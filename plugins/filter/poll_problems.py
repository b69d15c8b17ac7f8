"""Finds mistakes in a poll definition."""

from __future__ import annotations

DOCUMENTATION = r"""
name: poll_problems
short_description: Find mistakes in a poll definition
version_added: 0.1.0
author:
  - Landslide (@landslide)
description:
  - Judges the definition of a poll before any host is contacted.
positional: directory
options:
  _input:
    description: The definition, as docs/poll.md describes it.
    type: dict
    required: true
  directory:
    description: Where the pictures are whose path is a relative one.
    type: path
    required: true
"""

EXAMPLES = r"""
problems: "{{ poll_definition | landslide.voting.poll_problems(inventory_dir) }}"
"""

RETURN = r"""
_value:
  description: A sentence for each problem.
  type: list
  elements: str
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

# The languages in which voters' and viewers' pages can talk: each is a folder.
WORDS = Path(__file__).parents[2] / "apps" / "common" / "languages"
LANGUAGES = sorted(path.parent.name for path in WORDS.glob("*/interlock.json"))
PICTURES = (".svg", ".webp", ".png", ".jpg", ".jpeg")
# The page, its style and all pictures together are to stay under 50 kB.
MAX_PICTURE_BYTES = 32 * 1024
TEXTS = ("title", "question")
TIMES = ("opens_at", "closes_at")
FLAGS = ("results_before_closing", "choices_reworded")
SETTINGS = (*TEXTS, "choices", "language", "translations", *TIMES, *FLAGS)
CHOICE_SETTINGS = ("key", "text", "color", "picture")


def poll_problems(definition: Any, directory: str) -> list[str]:
    """Return a sentence for each problem; the arguments are documented above."""
    if not isinstance(definition, Mapping):
        return ["the poll is no mapping of settings"]
    problems = [
        *unknown(definition, SETTINGS, "the poll"),
        *missing_texts(definition, TEXTS, "the poll"),
    ]
    choices = definition.get("choices")
    if isinstance(choices, Sequence) and not isinstance(choices, str) and 2 <= len(choices) <= 20:
        problems += choice_problems(choices, Path(directory))
    else:
        problems.append("the poll needs a list of 2 to 20 choices")
        choices = []
    problems += language_problems(definition, choices)
    problems += time_problems(definition)
    problems += [
        f"the poll's {name} is neither true nor false"
        for name in FLAGS
        if not isinstance(definition.get(name, True), bool)
    ]
    return problems


def unknown(settings: Mapping[str, Any], known: Sequence[str], owner: str) -> Iterator[str]:
    """Name each setting that there is not, and what it may have been meant to be."""
    for name in settings:
        if name not in known:
            close = get_close_matches(str(name), known, 1)
            hint = f"; is {close[0]} meant?" if close else ""
            yield f"{owner} has no setting {name}{hint}"


def missing_texts(settings: Mapping[str, Any], names: Sequence[str], owner: str) -> Iterator[str]:
    """Name each text that is absent, empty, or not a text: YAML takes a bare No for false."""
    for name in names:
        value = settings.get(name)
        if not value and value is not False:
            yield f"{owner} needs a {name}"
        elif not isinstance(value, str):
            yield f"{owner} has the {name} {value}, which is not a text: put it into quotes"


def choice_problems(choices: Sequence[Any], directory: Path) -> Iterator[str]:
    """Judge each choice by itself, and all together."""
    pictures: list[Path] = []
    for number, choice in enumerate(choices, start=1):
        owner = f"choice {number} of the poll"
        if not isinstance(choice, Mapping):
            yield f"{owner} is no mapping with a key, a text and a color"
            continue
        yield from unknown(choice, CHOICE_SETTINGS, owner)
        yield from missing_texts(choice, ("text",), owner)
        key, color = choice.get("key"), choice.get("color")
        if not isinstance(key, str) or not re.fullmatch(r"[a-z0-9_-]{1,32}", key, re.ASCII):
            yield f"{owner} needs a key of 1 to 32 of a-z, 0-9, - and _"
        elif key == "test":
            yield f"{owner} has the key test, which is kept for the vote that proves a deployment"
        if not isinstance(color, str) or not re.fullmatch(r"#[0-9a-fA-F]{6}", color):
            yield f'{owner} needs a color such as "#0b7285", in quotes'
        if "picture" in choice and not str(choice["picture"]).startswith("<svg"):
            picture = directory / str(choice["picture"])
            pictures.append(picture)
            if picture.suffix.lower() not in PICTURES:
                yield f"{owner} has a picture that is none of {', '.join(PICTURES)}: {picture}"
            elif not picture.is_file():
                yield f"{owner} has a picture that is not there: {picture}"
    keys = Counter(str(choice["key"]) for choice in choices if has_key(choice))
    for key in sorted(key for key, times in keys.items() if times > 1):
        yield f"the poll has more than one choice with the key {key}"
    size = sum(picture.stat().st_size for picture in pictures if picture.is_file())
    if size > MAX_PICTURE_BYTES:
        yield f"the poll's pictures have {size} bytes; together they may have {MAX_PICTURE_BYTES}"


def language_problems(definition: Mapping[str, Any], choices: Sequence[Any]) -> Iterator[str]:
    """Judge the language of the poll's texts, and each translation of them."""
    language = definition.get("language", "en")
    translations = definition.get("translations", {})
    if not isinstance(translations, Mapping):
        yield "the poll's translations are no mapping from languages to texts"
        translations = {}
    for name in (language, *translations):
        # YAML takes a bare no, which is Norwegian, for false.
        if name not in LANGUAGES:
            yield f"the poll has the unknown language {name}; known are {', '.join(LANGUAGES)}"
    if language in translations:
        yield f"the poll is in {language}, and has a translation to {language}, too"
    keys = [choice["key"] for choice in choices if has_key(choice)]
    for name, texts in translations.items():
        owner = f"the poll's translation to {name}"
        if not isinstance(texts, Mapping):
            yield f"{owner} is no mapping with a title, a question and choices"
            continue
        yield from unknown(texts, (*TEXTS, "choices"), owner)
        yield from missing_texts(texts, TEXTS, owner)
        words = texts.get("choices")
        if not isinstance(words, Mapping):
            yield f"{owner} needs choices: a text for each key"
            continue
        yield from unknown(words, keys, f"{owner}, in its choices,")
        yield from missing_texts(words, keys, f"{owner}, in its choices,")


def has_key(choice: Any) -> bool:
    """Whether it can be told which choice this is."""
    return isinstance(choice, Mapping) and isinstance(choice.get("key"), str)


def moment(value: Any) -> datetime | Literal["infinity"] | None:
    """Return a time as it is written in a definition or by the store; ValueError for what is none.

    YAML makes a datetime of what looks like one. The same moment is equal in any zone.
    """
    if value is None or isinstance(value, datetime):
        return value
    if value == "infinity":
        return "infinity"
    return datetime.fromisoformat(str(value))


def time_problems(definition: Mapping[str, Any]) -> Iterator[str]:
    """Judge when the poll opens and closes."""
    times = {}
    for name in TIMES:
        value = definition.get(name)
        try:
            time = moment(value)
        except ValueError:
            time = "infinity"
        if (time, name) == ("infinity", "closes_at") or (time == "infinity" and value != time):
            yield f'the poll\'s {name} is no time such as "2026-12-01T20:00:00Z": {value}'
        elif isinstance(time, datetime) and time.tzinfo is None:
            yield f"the poll's {name} names no zone: {value}; end it with Z for UTC, or +01:00"
        elif isinstance(time, datetime):
            times[name] = time
    if len(times) == len(TIMES) and times["closes_at"] <= times["opens_at"]:
        yield "the poll closes before it opens"


class FilterModule:
    """Hands the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"poll_problems": poll_problems}
