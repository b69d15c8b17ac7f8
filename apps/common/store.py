"""Connections to the store, which is Postgres."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

from common.internal_tls import InternalTLS
from common.settings import file, positive


@dataclass(frozen=True)
class StoreConfig:
    """Where the store is. The password stays in its file until a connection is made."""

    host: str
    port: int
    database: str
    user: str
    password_file: Path
    tls: InternalTLS

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], user: str) -> "StoreConfig":
        """From PG_PASSWORD_FILE and, optional, PGHOST, PGPORT, PGDATABASE, PGUSER, TLS_DIRECTORY.

        `user` is the default of PGUSER. Raises ValueError, naming the setting.
        """
        return cls(
            host=environ.get("PGHOST", "tasks.pg"),
            port=int(positive(environ, "PGPORT", "5432")),
            database=environ.get("PGDATABASE", "landslide"),
            user=environ.get("PGUSER", user),
            password_file=file(environ, "PG_PASSWORD_FILE"),
            tls=InternalTLS.from_environ(environ),
        )


def connect(config: StoreConfig, name: str, seconds: int) -> Any:
    """A connection that Postgres shows as `name`. Raises psycopg2.Error, OSError.

    A machine that dies says nothing: that is found out within some `seconds`.
    """
    connection = psycopg2.connect(
        host=config.host,
        port=config.port,
        dbname=config.database,
        user=config.user,
        password=config.password_file.read_text().strip(),
        sslmode="verify-full",
        ssl_min_protocol_version="TLSv1.3",
        sslrootcert=str(config.tls.ca),
        sslcert=str(config.tls.certificate),
        sslkey=str(config.tls.key),
        application_name=name,
        connect_timeout=max(3, seconds // 6),
        keepalives_idle=seconds // 3,
        keepalives_interval=seconds // 3,
        keepalives_count=2,
        tcp_user_timeout=seconds * 1000,
    )
    # Statements are transactions of their own, but for those between BEGIN and COMMIT.
    connection.autocommit = True
    return connection


class Reader:
    """One statement of one row, again and again. For one thread at a time.

    It connects when it is first read, and again after every failure.
    """

    SECONDS = 6

    def __init__(self, config: StoreConfig, name: str, statement: str) -> None:
        self._config = config
        self._name = name
        self._statement = statement
        self._connection: Any = None

    def row(self) -> tuple[Any, ...]:
        """The row of this moment. Raises psycopg2.Error or OSError within ten seconds."""
        try:
            if self._connection is None:
                self._connection = connect(self._config, self._name, self.SECONDS)
            with self._connection.cursor() as cursor:
                cursor.execute(self._statement)
                row: tuple[Any, ...] = cursor.fetchone()
        except psycopg2.Error:
            self.close()
            raise
        return row

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
