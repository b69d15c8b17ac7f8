"""Writes the poll file's choices into the `choices` table; run by ./prepare at each start.

POLL_FILE is JSON: {title, question, choices: [{key, text, color}]}. A choice that has left the file
stays in the table, because ballots may name it. The connection follows libpq's PG* variables.
"""

import json
import os
from pathlib import Path

import psycopg2

UPSERT = """
    INSERT INTO choices (key, text, position) VALUES (%s, %s, %s)
    ON CONFLICT (key) DO UPDATE SET text = EXCLUDED.text, position = EXCLUDED.position
    WHERE (choices.text, choices.position) IS DISTINCT FROM (EXCLUDED.text, EXCLUDED.position)
"""


def main() -> None:
    choices = json.loads(Path(os.environ["POLL_FILE"]).read_text())["choices"]
    connection = psycopg2.connect("")
    with connection, connection.cursor() as cursor:
        for position, choice in enumerate(choices, start=1):
            cursor.execute(UPSERT, (choice["key"], choice["text"], position))
    connection.close()


if __name__ == "__main__":
    main()
