"""Writes the poll file into the tables `poll` and `choices`; run by ./prepare at each start.

POLL_FILE is JSON: {id, title, question, choices: [{key, text}], translations, opens_at, closes_at,
choices_reworded}; the rest of it is for others. The times are optional: ISO 8601 with a zone;
`opens_at: infinity` is to open by hand only. Nothing opens or closes here: the workers see to that.
A choice that has left the file stays in the table, because ballots may name it, and so do its texts
in translations. A closed poll stays as it was closed: its certificate names all this. The
connection follows libpq's PG* variables.

Ends with 1, a sentence on stderr, and nothing changed, where the file is of another poll, or where
a choice that can be voted for means something else.
"""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg2
from poll.problem import Problem

FIND = "SELECT id, state FROM poll FOR UPDATE"
NAME = "UPDATE poll SET id = %s WHERE id IS NULL"
DESCRIBE = "UPDATE poll SET title = %s, question = %s, opens_at = %s, closes_at = %s"
CHOICES = "SELECT key, text, translations FROM choices"
UPSERT = """
    INSERT INTO choices (key, text, translations, position) VALUES (%s, %s, %s, %s)
    ON CONFLICT (key) DO UPDATE SET text = EXCLUDED.text, position = EXCLUDED.position,
        translations = choices.translations || EXCLUDED.translations
    WHERE (choices.text, choices.position) IS DISTINCT FROM (EXCLUDED.text, EXCLUDED.position)
        OR NOT choices.translations @> EXCLUDED.translations
"""
# By language and key.
Texts = Mapping[str, Mapping[str, str]]


def load(cursor: Any, poll: Mapping[str, Any]) -> str | None:
    """Write the poll, in the cursor's transaction; returns what else there is to say.

    Raises Problem where the store must not take it.
    """
    times = [moment(poll, name) for name in ("opens_at", "closes_at")]
    cursor.execute(FIND)
    known, state = cursor.fetchone()
    if known not in (None, poll["id"]):
        raise Problem(
            f"This store belongs to the poll {known}, and the poll file is of the poll "
            f"{poll['id']}: another poll needs an empty store."
        )
    cursor.execute(NAME, (poll["id"],))
    if state == "closed":
        return "The poll is closed and stays as it was; another one needs an empty store."
    cursor.execute(CHOICES)
    known_texts, choices = by_language(cursor.fetchall()), texts_of(poll)
    if state == "open":
        reworded = poll.get("choices_reworded", False)
        keep_meanings(known_texts, by_language(choices), reworded=reworded)
    cursor.execute(DESCRIBE, (poll["title"], poll["question"], *times))
    for position, (key, text, translations) in enumerate(choices, start=1):
        cursor.execute(UPSERT, (key, text, json.dumps(translations), position))
    return None


def by_language(choices: Iterable[tuple[str, str, Mapping[str, str]]]) -> Texts:
    """The texts of choices by language and key; the poll's own language is the empty one."""
    found: dict[str, dict[str, str]] = {"": {}}
    for key, text, translations in choices:
        for language, words in {"": text, **translations}.items():
            found.setdefault(language, {})[key] = words
    return found


def texts_of(poll: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, str]]]:
    """Key, text and translations of each choice of a poll file."""
    translations = poll.get("translations", {}).items()
    return [
        (key, text, {language: texts["choices"][key] for language, texts in translations})
        for key, text in ((choice["key"], choice["text"]) for choice in poll["choices"])
    ]


def keep_meanings(known: Texts, wanted: Texts, *, reworded: bool) -> None:
    """Raise Problem where a key that may have votes gets the text of something else, in a language
    in which it has had one.

    That two texts mean the same only people can tell, but not where the new one is what another key
    has meant.
    """
    for language, texts in wanted.items():
        old_texts = known.get(language, {})
        owners = {text: key for key, text in old_texts.items()}
        where = f" in {language}" if language else ""
        for key, text in texts.items():
            if text == old_texts.get(key, text) and owners.get(text, key) == key:
                continue
            old = f'"{old_texts[key]}"' if key in old_texts else "no choice"
            said = (
                f"The poll has been opened, and the choice {key} was {old}{where} and is to be "
                f'"{text}"'
            )
            if owners.get(text, key) != key:
                raise Problem(
                    f"{said}, which is what {owners[text]} was: votes would count for what nobody "
                    "chose. Give each key its text back."
                )
            if not reworded:
                raise Problem(
                    f"{said}: give it its text back, or, for another choice, a key of its own; "
                    "where both texts mean the same, set choices_reworded to true."
                )


def moment(poll: Mapping[str, Any], name: str) -> str | None:
    """A time of the poll file as Postgres reads it. Raises Problem where it names no zone."""
    value: str | None = poll.get(name)
    if value is None or (name, value) == ("opens_at", "infinity"):
        return value
    try:
        zone = datetime.fromisoformat(value).tzinfo
    except ValueError:
        zone = None
    if zone is None:
        raise Problem(
            f"{name} is {value}, and has to be a time with its zone, such as 2026-12-01T20:00:00Z."
        )
    return value


def main() -> int:
    """Returns the exit code."""
    poll = json.loads(Path(os.environ["POLL_FILE"]).read_text())
    if not poll.get("id"):
        print("load_poll: The poll file names no id.", file=sys.stderr)
        return 1
    connection = psycopg2.connect("")
    try:
        with connection, connection.cursor() as cursor:
            said = load(cursor, poll)
    except Problem as problem:
        print(f"load_poll: {problem}", file=sys.stderr)
        return 1
    finally:
        connection.close()
    if said:
        print(said)
    return 0


if __name__ == "__main__":
    sys.exit(main())
