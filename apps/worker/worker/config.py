"""The worker's settings: the one place that reads the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from common.settings import file, positive, required
from common.store import StoreConfig


@dataclass(frozen=True)
class Config:
    """What a worker needs to know. Passwords stay in their files until a connection is made."""

    node: str
    queue_host: str
    queue_port: int
    queue_user: str
    queue_password_file: Path
    store: StoreConfig
    batch_size: int
    claim_idle: float
    resolve_interval: float

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Config":
        """Read the settings.

        Required: NODE_NAME, QUEUE_PASSWORD_FILE, PG_PASSWORD_FILE. Optional: QUEUE_HOST,
        QUEUE_PORT, QUEUE_USER, PGHOST, PGPORT, PGDATABASE, PGUSER, TLS_DIRECTORY, BATCH_SIZE
        (entries), CLAIM_IDLE and RESOLVE_INTERVAL (seconds).
        Raises ValueError, naming the setting, for one that is missing or makes no sense.
        """
        return cls(
            node=required(environ, "NODE_NAME"),
            queue_host=environ.get("QUEUE_HOST", "tasks.redis"),
            queue_port=int(positive(environ, "QUEUE_PORT", "6379")),
            queue_user=environ.get("QUEUE_USER", "worker"),
            queue_password_file=file(environ, "QUEUE_PASSWORD_FILE"),
            store=StoreConfig.from_environ(environ, "worker"),
            batch_size=int(positive(environ, "BATCH_SIZE", "10000")),
            claim_idle=positive(environ, "CLAIM_IDLE", "30"),
            resolve_interval=positive(environ, "RESOLVE_INTERVAL", "1"),
        )
