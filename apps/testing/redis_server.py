"""Fixtures: the queue as it is shipped, a real redis-server with redis.conf and users.acl.j2.

`redis_server` is one running queue; `make_redis_server` starts as many as a test needs. Each has
its own directory, TCP port and socket, and keeps all three when it is killed and started again.
"""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from threading import Event

import pytest
import redis

from .internal_tls import directory_of
from .ports import free_port

SHIPPED = Path(__file__).parents[1] / "redis"
READY_SECONDS = 15
PASSWORDS = {user: f"{user}-test-password" for user in ("frontend", "worker", "admin")}


class RedisServer:
    """One redis-server process, on `host`:`port` and on the unix socket `socket_path`.

    Two on one directory are what two containers on one node are: they share the volumes.
    """

    host = "127.0.0.1"

    def __init__(self, directory: Path, port: int | None = None) -> None:
        self.directory = directory
        self.socket_path = directory / "redis.sock"
        self.mark_path = directory / "in-use"
        self.log_path = directory / "redis.log"
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None
        (directory / "data").mkdir(parents=True, exist_ok=True)
        (directory / "users.acl").write_text(_acl_rules())
        for user, password in PASSWORDS.items():
            self.password_file(user).write_text(password)

    def password_file(self, user: str) -> Path:
        """The file with a user's password; besides the shipped users, tests have `admin`."""
        return self.directory / f"{user}.password"

    def client(self, user: str = "admin", *, timeout: float = 5) -> redis.Redis:
        """A client by the unix socket, decoding answers to str; close it, or use it in a `with`."""
        return redis.Redis(
            unix_socket_path=str(self.socket_path),
            username=user,
            password=PASSWORDS[user],
            socket_timeout=timeout,
            decode_responses=True,
        )

    def open_intake(self) -> None:
        """Open the queue to votes, as a worker does it."""
        with self.client() as client:
            client.xgroup_create("ballots", "counters", id="0", mkstream=True)

    def start(self, *options: str) -> None:
        """Start, with further `--name value` options, and wait until commands are answered."""
        self.launch(*options)
        self.wait_until_ready()

    def launch(self, *options: str) -> None:
        """Start as the container does, and do not wait."""
        command = [str(SHIPPED / "entrypoint"), "--bind", self.host, "--tls-port", str(self.port)]
        tls = directory_of("redis")
        command += ["--tls-ca-cert-file", str(tls / "internal_ca")]
        command += ["--tls-cert-file", str(tls / "internal_certificate")]
        command += ["--tls-key-file", str(tls / "internal_key")]
        command += ["--unixsocket", str(self.socket_path)]
        command += ["--aclfile", str(self.directory / "users.acl"), *options]
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self.directory / "data",
                env=os.environ | {"QUEUE_MAXMEMORY": "256mb", "QUEUE_MARK": str(self.mark_path)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def wait_until_ready(self) -> None:
        """Return once commands are answered; RuntimeError where that does not happen in time."""
        deadline = time.monotonic() + READY_SECONDS
        while not self._answers():
            if self.has_ended() or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"redis-server did not get ready:\n{self.log_path.read_text()}")
            Event().wait(0.02)

    def stop(self) -> None:
        """SIGTERM, and wait for the end; a server that is not running stays so."""
        if self._process is not None:
            self.tell_to_stop()
            self.end()

    def end(self) -> int:
        """Wait for the end, which somebody has asked for; the exit code."""
        code = self._running().wait(READY_SECONDS)
        self._process = None
        return code

    def tell_to_stop(self) -> None:
        """SIGTERM, and no waiting."""
        self._running().terminate()

    def kill(self) -> None:
        """SIGKILL: what a power cut does to the process. `start()` brings it back on its data."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(READY_SECONDS)
            self._process = None

    def has_ended(self) -> bool:
        """Whether it has ended by itself; `start()` brings it back on its data."""
        return self._running().poll() is not None

    def pause(self) -> None:
        """SIGSTOP: connections stay open and nothing answers, until `resume()`."""
        self._running().send_signal(SIGSTOP)

    def resume(self) -> None:
        self._running().send_signal(SIGCONT)

    @property
    def pid(self) -> int:
        return self._running().pid

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            raise RuntimeError("redis-server is not running")
        return self._process

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except (redis.ConnectionError, redis.BusyLoadingError):
            return False


def _acl_rules() -> str:
    rules = (SHIPPED / "users.acl.j2").read_text()
    for user, password in PASSWORDS.items():
        rules = rules.replace(f"{{{{ {user}_sha256 }}}}", sha256(password.encode()).hexdigest())
    return f"{rules}user admin on >{PASSWORDS['admin']} ~* &* +@all\n"


@pytest.fixture
def make_redis_server(tmp_path: Path) -> Iterator[Callable[[], RedisServer]]:
    """A function that starts one more queue, with closed intake; all are ended after the test."""
    servers: list[RedisServer] = []

    def make() -> RedisServer:
        server = RedisServer(tmp_path / f"redis{len(servers)}")
        servers.append(server)
        server.start()
        return server

    yield make
    for server in servers:
        # A paused process does not see SIGTERM, so the end of a test is always the hard way.
        server.kill()


@pytest.fixture
def neighbours(tmp_path: Path) -> Iterator[Callable[[int], list[RedisServer]]]:
    """A function that starts so many queues, at one port of several addresses as in a Swarm."""
    servers: list[RedisServer] = []

    def make(count: int) -> list[RedisServer]:
        port = free_port()
        for number in range(1, count + 1):
            server = RedisServer(tmp_path / f"queue{number}", port)
            server.host = f"127.0.0.{number}"
            servers.append(server)
            server.start()
        return servers

    yield make
    for server in servers:
        server.kill()


@pytest.fixture
def redis_server(make_redis_server: Callable[[], RedisServer]) -> RedisServer:
    """A running queue whose intake is still closed (see `open_intake`)."""
    return make_redis_server()
