"""Fixtures: the store as it is shipped, a real Postgres with our configuration, roles and schema.

`postgres_server` runs for the whole session; `postgres` is the same server with empty tables, an
open poll and the choices a, b and test. It can be killed and started again in any test.
"""

import getpass
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2.extras import register_uuid

from .internal_tls import CLIENTS, directory_of
from .ports import free_port

register_uuid()
SHIPPED = Path(__file__).parents[1] / "pg"
READY_SECONDS = 30
PASSWORDS = {role: f"{role}-test-password" for role in CLIENTS}
POLL = {
    "id": "pets",
    "title": "Cats or dogs?",
    "question": "Which one?",
    "choices": [
        {"key": "a", "text": "Cats", "color": "#1aaaf8"},
        {"key": "b", "text": "Dogs", "color": "#00cbca"},
    ],
}
EMPTY = """
    TRUNCATE ballots, rejected, collisions, votes, minutes, deliveries, queues, workers,
        certificate;
    UPDATE tally SET votes = 0;
    UPDATE poll SET state = 'open', opened_at = now(), closed_at = NULL,
        opens_at = NULL, closes_at = NULL;
"""


class PostgresServer:
    """One Postgres on `host`:`port`; the owner comes by the unix socket in `directory`.

    Postgres refuses to run as root: root's server runs as nobody, and `directory` is nobody's.
    """

    host = "127.0.0.1"
    database = "landslide"

    def __init__(self, directory: Path, *options: str) -> None:
        """Make a cluster and start it; `options` are added to postgres's own at each start."""
        self.directory = directory
        self._options = options
        self.port = free_port()
        self.poll_file = directory / "poll.yml"
        self.log_path = directory / "postgres.log"
        self._user = "nobody" if os.getuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        self.poll_file.write_text(json.dumps(POLL))
        for role, password in PASSWORDS.items():
            self.password_file(role).write_text(password)
        directory.joinpath("pg_ident.conf").write_text(
            "".join(f"container {getpass.getuser()} {role}\n" for role in ("postgres", "landslide"))
        )
        shutil.copytree(directory_of("pg"), directory, dirs_exist_ok=True)
        if self._user is not None:
            shutil.chown(directory, self._user)
            shutil.chown(directory / "internal_key", self._user)
        self._run(
            *("initdb", "--pgdata=data", "--username=postgres", "--encoding=UTF8", "--locale=C"),
            "--data-checksums",
        )
        self.start()
        self.prepare()

    def password_file(self, role: str) -> Path:
        return self.directory / f"pg_{role}_password"

    def connect(self, role: str = "landslide") -> Any:
        """A psycopg2 connection in autocommit mode: the network's roles by TCP, the rest as owner.

        Raises psycopg2.OperationalError while the server is down.
        """
        connection = psycopg2.connect(
            **(self.by_tcp(role) if role in PASSWORDS else {"host": str(self.directory)}),
            port=self.port,
            dbname=self.database,
            user=role,
        )
        connection.autocommit = True
        return connection

    def by_tcp(self, role: str) -> dict[str, Any]:
        """What psycopg2 has to be told to connect as one of the network's roles."""
        tls = directory_of(role)
        return {
            "host": self.host,
            "password": PASSWORDS[role],
            "sslmode": "verify-full",
            "sslrootcert": tls / "internal_ca",
            "sslcert": tls / "internal_certificate",
            "sslkey": tls / "internal_key",
        }

    def query(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """The rows of one statement run as the owner; none for a statement without rows."""
        connection = self.connect()
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, parameters)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def prepare(self) -> None:
        """Run the image's ./prepare: roles, schema and choices."""
        self.execute(str(SHIPPED / "prepare")).check_returncode()

    def execute(self, *command: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        """What a command says, run as `docker exec` runs it in the store's container."""
        environment = os.environ | {
            "PATH": f"{Path(sys.executable).parent}:{programs()}:{os.environ['PATH']}",
            "PGHOST": str(self.directory),
            "PGPORT": str(self.port),
            "PGUSER": "landslide",
            "PGDATABASE": self.database,
            "PG_SECRETS": str(self.directory),
            "POLL_FILE": str(self.poll_file),
        }
        return subprocess.run(
            command, input=stdin, capture_output=True, text=True, cwd=SHIPPED, env=environment
        )

    def start(self) -> None:
        """Start and wait until connections are accepted; also after `kill` or `stop`."""
        settings = {
            "config_file": f"{SHIPPED}/postgresql.conf",
            "hba_file": f"{SHIPPED}/pg_hba.conf",
            "ident_file": f"{self.directory}/pg_ident.conf",
            "unix_socket_directories": str(self.directory),
            "listen_addresses": self.host,
            "port": str(self.port),
            "max_connections": "50",
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        options += ssl_options(self.directory)
        deadline = time.monotonic() + READY_SECONDS
        while not self._ready():
            if time.monotonic() > deadline:
                raise RuntimeError(f"Postgres did not start:\n{self.log_path.read_text()}")
            # A killed server's backends hold its memory for a moment more, and it will not start.
            if self.has_ended():
                self._process = self._spawn("postgres", "-D", "data", *options, *self._options)

    def stop(self, *, how: signal.Signals = signal.SIGINT) -> None:
        """Fast shutdown, and wait for the end; a server that is not running stays so."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(READY_SECONDS)
            self._process = None

    def kill(self) -> None:
        """SIGKILL: what a power cut does to the process. `start()` recovers from the log."""
        self.stop(how=signal.SIGKILL)

    def has_ended(self) -> bool:
        """Whether it has ended by itself; `start()` brings it back on its data."""
        return self._process is None or self._process.poll() is not None

    @property
    def pid(self) -> int:
        """Of the postmaster, whose children the other processes are."""
        if self._process is None:
            raise RuntimeError("Postgres is not running")
        return self._process.pid

    def _ready(self) -> bool:
        probe = [str(programs() / "pg_isready"), "-q", "-h", self.host, "-p", str(self.port)]
        return subprocess.run(probe, check=False).returncode == 0

    def _run(self, program: str, *arguments: str) -> None:
        if self._spawn(program, *arguments).wait(READY_SECONDS) != 0:
            raise RuntimeError(f"{program} failed:\n{self.log_path.read_text()}")

    def _spawn(self, program: str, *arguments: str) -> "subprocess.Popen[bytes]":
        with self.log_path.open("ab") as log:
            return subprocess.Popen(
                [programs() / program, *arguments],
                cwd=self.directory,
                user=self._user,
                stdout=log,
                stderr=subprocess.STDOUT,
            )


def ssl_options(directory: Path) -> list[str]:
    """Options of postgres by which it finds its certificate in `directory`."""
    files = {"ca": "ca", "cert": "certificate", "key": "key"}
    return [f"--ssl_{kind}_file={directory}/internal_{name}" for kind, name in files.items()]


def programs() -> Path:
    """The directory of the newest Postgres that Debian has installed."""
    found = list(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found:
        raise RuntimeError("Postgres is not installed: Debian's package is postgresql")
    return max(found, key=lambda path: int(path.parent.name))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server for the whole session."""
    # Not in tmp_path: nobody may not enter it, and a socket's path must stay under 108 bytes.
    with tempfile.TemporaryDirectory(prefix="landslide-pg-") as directory:
        server = PostgresServer(Path(directory))
        yield server
        server.stop(how=signal.SIGQUIT)


@pytest.fixture
def postgres(postgres_server: PostgresServer) -> PostgresServer:
    """The running server with empty tables, an open poll and no votes."""
    postgres_server.start()
    postgres_server.query(EMPTY)
    return postgres_server
