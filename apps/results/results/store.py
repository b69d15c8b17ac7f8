"""The store, as the results app sees it: one connection, one statement a second."""

from typing import Any

import psycopg2

from results.config import Config
from results.figures import Figures

READ = """
    SELECT poll.state, lag.waiting, (
        SELECT json_agg(json_build_array(key, text, votes) ORDER BY position, key)
        FROM choices JOIN tally ON choice = key
    ), (
        SELECT json_build_object('json', json, 'html', html) FROM certificate
    ), (
        SELECT json_agg(json_build_array(extract(epoch FROM minute)::bigint, votes,
            extract(epoch FROM delay)::float8) ORDER BY minute)
        FROM (SELECT * FROM minutes ORDER BY minute DESC LIMIT 120) AS recent
    ) FROM poll, lag
"""


class Store:
    """Connects when it is first read, and again after every failure. For one thread at a time."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._connection: Any = None

    def read(self) -> Figures:
        """The figures of this moment. Raises psycopg2.Error or OSError within ten seconds."""
        try:
            if self._connection is None:
                self._connection = self._connect()
            with self._connection.cursor() as cursor:
                cursor.execute(READ)
                figures = Figures.from_counts(*cursor.fetchone())
        except psycopg2.Error:
            self.close()
            raise
        return figures

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> Any:
        connection = psycopg2.connect(
            host=self._config.store_host,
            port=self._config.store_port,
            dbname=self._config.store_database,
            user=self._config.store_user,
            password=self._config.store_password_file.read_text().strip(),
            application_name=f"results {self._config.node}",
            connect_timeout=3,
            keepalives_idle=2,
            keepalives_interval=2,
            keepalives_count=2,
            tcp_user_timeout=6_000,
        )
        connection.autocommit = True
        return connection
