"""The overview's settings: the one place that reads the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


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
    store_host: str
    store_port: int
    store_database: str
    store_user: str
    store_password_file: Path

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Config":
        """Read the settings.

        Required: NODE_NAME, PASSWORD_FILE (of the user `admin`), PG_PASSWORD_FILE, SWARM_API,
        HAPROXY_METRICS and INTERLOCK_METRICS (HOST:PORT, with commas between several), TLS_CA,
        TLS_CERT, TLS_KEY (files that open the swarm-api). Optional: PGHOST, PGPORT, PGDATABASE,
        PGUSER.
        Raises KeyError for a missing one and ValueError for a port that is no number.
        """
        return cls(
            node=environ["NODE_NAME"],
            password_file=Path(environ["PASSWORD_FILE"]),
            swarm_api=tuple(environ["SWARM_API"].split(",")),
            tls_ca=environ["TLS_CA"],
            tls_cert=environ["TLS_CERT"],
            tls_key=environ["TLS_KEY"],
            haproxy_metrics=tuple(environ["HAPROXY_METRICS"].split(",")),
            interlock_metrics=tuple(environ["INTERLOCK_METRICS"].split(",")),
            store_host=environ.get("PGHOST", "tasks.pg"),
            store_port=int(environ.get("PGPORT", "5432")),
            store_database=environ.get("PGDATABASE", "landslide"),
            store_user=environ.get("PGUSER", "overview"),
            store_password_file=Path(environ["PG_PASSWORD_FILE"]),
        )
