"""Finds changes of the poll that the store's votes do not allow."""

from __future__ import annotations

DOCUMENTATION = r"""
name: poll_change_problems
short_description: Find changes of the poll that the store's votes do not allow
version_added: 1.1.0
author:
  - Landslide (@landslide)
description:
  - Judges the definition of a poll against the one that the running store has, before anything is
    changed.
positional: running, now, poll_id
options:
  _input:
    description: The definition, in which P(landslide.voting.poll_problems#filter) finds no problem.
    type: dict
    required: true
  running:
    description:
      - What the store says of its poll, as playbooks/tasks/poll.yml reads it, with C(state),
        C(id), the times, C(choices), the text of each key, and C(translations), the texts of each
        key by language. Empty where there is no store yet.
    type: dict
    required: true
  now:
    description: The time, in seconds since the Unix epoch.
    type: float
    required: true
  poll_id:
    description: The id that this controller has for the poll.
    type: str
    required: true
seealso:
  - plugin: landslide.voting.poll_problems
    plugin_type: filter
"""

EXAMPLES = r"""
problems: >-
  {{ poll_definition | landslide.voting.poll_change_problems({}, now().timestamp(), 'tea-2026') }}
"""

RETURN = r"""
_value:
  description: A sentence for each problem.
  type: list
  elements: str
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from ansible_collections.landslide.voting.plugins.filter.poll_problems import moment

TEST_KEY = "test"


def poll_change_problems(
    definition: Mapping[str, Any], running: Mapping[str, Any], now: float, poll_id: str
) -> list[str]:
    """Return a sentence for each problem; the arguments are documented above."""
    known = running.get("id")
    if known and known != poll_id:
        return [
            f"the store has the poll {known}, and this controller's poll_id is {poll_id}: take the "
            "state directory that the cluster was made with"
        ]
    problems = list(time_problems(definition, running, datetime.fromtimestamp(now, UTC)))
    if running.get("state") in ("open", "closed"):
        problems += choice_problems(definition, running)
    return problems


def time_problems(
    definition: Mapping[str, Any], running: Mapping[str, Any], now: datetime
) -> Iterator[str]:
    """Judge the times by the clock, and by what has come already."""
    state = running.get("state")
    if state == "closed":
        return
    closes_at, opens_at = moment(definition.get("closes_at")), moment(definition.get("opens_at"))
    planned = moment(running.get("closes_at"))
    if isinstance(closes_at, datetime) and closes_at <= now and closes_at != planned:
        yield f"the poll's closes_at is over, and it would close at once, for good: {closes_at}"
    past = moment(running.get("opens_at"))
    if state == "open" and opens_at is not None and opens_at != past:
        advice = "leave it out" if past is None else f"leave it at {past}, or out"
        yield f"the poll is open, so its opens_at can no longer be changed to {opens_at}: {advice}"


def choice_problems(definition: Mapping[str, Any], running: Mapping[str, Any]) -> Iterator[str]:
    """Judge the choices by those that may have votes."""
    texts = {key: text for key, text in running["choices"].items() if key != TEST_KEY}
    choices = {choice["key"]: choice["text"] for choice in definition["choices"]}
    if not choices.keys() & texts.keys():
        yield (
            f"the store has votes of another poll, which is {running['state']}, for "
            f"{', '.join(texts.values())}: keep its certificate, and begin with an empty store"
        )
        return
    reworded = definition.get("choices_reworded", False)
    yield from text_problems(choices, texts, reworded, "")
    # A store of before 1.2.0 has none, and one that just became newer has nothing in them.
    known = {key: found or {} for key, found in (running.get("translations") or {}).items()}
    for language, translated in (definition.get("translations") or {}).items():
        old = {key: found[language] for key, found in known.items() if language in found}
        yield from text_problems(translated["choices"], old, reworded, f" in {language}")


def text_problems(
    wanted: Mapping[str, str], texts: Mapping[str, str], reworded: bool, where: str
) -> Iterator[str]:
    """Judge the texts of one language by those that keys with votes have had in it."""
    owners = {plain(text): key for key, text in texts.items()}
    for key, text in wanted.items():
        owner = owners.get(plain(text), key)
        if owner != key and text != texts.get(key):
            yield (
                f"choice {key} of the poll is to be {text}{where}, and votes for that have the key "
                f"{owner}: give each key its text back"
            )
        elif text != texts.get(key, text) and not reworded:
            yield (
                f"choice {key} of the poll was {texts[key]}{where} and is to be {text}: give "
                "another choice a key of its own; where both mean the same, set choices_reworded "
                "to true"
            )


def plain(text: str) -> str:
    """Return a text without what makes no other choice of it."""
    return " ".join(text.split()).casefold()


class FilterModule:
    """Hands the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"poll_change_problems": poll_change_problems}
