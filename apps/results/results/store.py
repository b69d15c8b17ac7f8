"""The store, as the results app sees it: one connection, one statement a second."""

from common.store import Reader

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
    """The store, for one thread at a time."""

    def __init__(self, config: Config) -> None:
        self._reader = Reader(config.store, f"results {config.node}", READ)

    def read(self) -> Figures:
        """The figures of this moment. Raises psycopg2.Error or OSError within ten seconds."""
        return Figures.from_counts(*self._reader.row())

    def close(self) -> None:
        self._reader.close()
