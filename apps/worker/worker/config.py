"""The worker's settings: the one place that reads the environment."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# Its time is set while the main loop runs, to the monotonic clock's; see health.py.
ALIVE_FILE = Path(tempfile.gettempdir(), "alive")


@dataclass(frozen=True)
class Config:
    """What a worker needs to know. Passwords stay in their files until a connection is made."""

    node: str
    queue_host: str
    queue_port: int
    queue_user: str
    queue_password_file: Path
    store_host: str
    store_port: int
    store_database: str
    store_user: str
    store_password_file: Path
    batch_size: int
    claim_idle: float
    resolve_interval: float

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Config":
        """Read the settings.

        Required: NODE_NAME, QUEUE_PASSWORD_FILE, PG_PASSWORD_FILE. Optional: QUEUE_HOST,
        QUEUE_PORT, QUEUE_USER, PGHOST, PGPORT, PGDATABASE, PGUSER, BATCH_SIZE (entries),
        CLAIM_IDLE and RESOLVE_INTERVAL (seconds).
        Raises KeyError for a missing one and ValueError for one that is no number.
        """
        return cls(
            node=environ["NODE_NAME"],
            queue_host=environ.get("QUEUE_HOST", "tasks.redis"),
            queue_port=int(environ.get("QUEUE_PORT", "6379")),
            queue_user=environ.get("QUEUE_USER", "worker"),
            queue_password_file=Path(environ["QUEUE_PASSWORD_FILE"]),
            store_host=environ.get("PGHOST", "tasks.pg"),
            store_port=int(environ.get("PGPORT", "5432")),
            store_database=environ.get("PGDATABASE", "landslide"),
            store_user=environ.get("PGUSER", "worker"),
            store_password_file=Path(environ["PG_PASSWORD_FILE"]),
            batch_size=int(environ.get("BATCH_SIZE", "10000")),
            claim_idle=float(environ.get("CLAIM_IDLE", "30")),
            resolve_interval=float(environ.get("RESOLVE_INTERVAL", "1")),
        )
