"""Writes the poll file into the tables `poll` and `choices`; run by ./prepare at each start.

POLL_FILE is JSON: {title, question, choices: [{key, text}], opens_at, closes_at}; the rest of it is
for others. The times are optional: ISO 8601, UTC where they name no zone; `infinity` to open by
hand only. A choice that has left the file stays in the table, because ballots may name it. A closed
poll stays as it was closed: its certificate names all this. The connection follows libpq's PG*
variables.
"""

import json
import os
from pathlib import Path

import psycopg2

DESCRIBE = """
    UPDATE poll SET title = %s, question = %s, opens_at = %s, closes_at = %s WHERE state <> 'closed'
"""
UPSERT = """
    INSERT INTO choices (key, text, position) VALUES (%s, %s, %s)
    ON CONFLICT (key) DO UPDATE SET text = EXCLUDED.text, position = EXCLUDED.position
    WHERE (choices.text, choices.position) IS DISTINCT FROM (EXCLUDED.text, EXCLUDED.position)
"""


def main() -> None:
    poll = json.loads(Path(os.environ["POLL_FILE"]).read_text())
    times = poll.get("opens_at"), poll.get("closes_at")
    connection = psycopg2.connect("")
    with connection, connection.cursor() as cursor:
        cursor.execute(DESCRIBE, (poll["title"], poll["question"], *times))
        if cursor.rowcount:
            for position, choice in enumerate(poll["choices"], start=1):
                cursor.execute(UPSERT, (choice["key"], choice["text"], position))
            cursor.execute("SELECT poll_state()")
        else:
            print("The poll is closed and stays as it was; another one needs an empty store.")
    connection.close()


if __name__ == "__main__":
    main()
