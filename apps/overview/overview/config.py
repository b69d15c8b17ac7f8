"""The overview's settings: the one place that reads the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from common.settings import file, required
from common.store import StoreConfig


@dataclass(frozen=True)
class Config:
    """What the overview needs to know. Passwords stay in their files until they are needed."""

    node: str
    password_file: Path
    # Addresses of the managers' swarm-api, any of which will do.
    swarm_api: tuple[str, ...]
    tls_ca: str
    tls_cert: str
    tls_key: str
    # Addresses of the load balancers' metrics, each of which is shown.
    haproxy_metrics: tuple[str, ...]
    # Their Interlocks' metrics, in the same order.
    interlock_metrics: tuple[str, ...]
    store: StoreConfig

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Config":
        """Read the settings.

        Required: NODE_NAME, PASSWORD_FILE (of the user `admin`), PG_PASSWORD_FILE, SWARM_API,
        HAPROXY_METRICS and INTERLOCK_METRICS (HOST:PORT, with commas between several), TLS_CA,
        TLS_CERT, TLS_KEY (files that open the swarm-api). Optional: PGHOST, PGPORT, PGDATABASE,
        PGUSER, TLS_DIRECTORY.
        Raises ValueError, naming the setting, for one that is missing or makes no sense.
        """
        return cls(
            node=required(environ, "NODE_NAME"),
            password_file=file(environ, "PASSWORD_FILE"),
            swarm_api=tuple(required(environ, "SWARM_API").split(",")),
            tls_ca=required(environ, "TLS_CA"),
            tls_cert=required(environ, "TLS_CERT"),
            tls_key=required(environ, "TLS_KEY"),
            haproxy_metrics=tuple(required(environ, "HAPROXY_METRICS").split(",")),
            interlock_metrics=tuple(required(environ, "INTERLOCK_METRICS").split(",")),
            store=StoreConfig.from_environ(environ, "overview"),
        )
