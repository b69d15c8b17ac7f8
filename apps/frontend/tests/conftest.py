"""A frontend of its own for each test, on a real queue with the shipped configuration."""

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from frontend.app import create_app
from frontend.config import Config
from testing.redis_server import RedisServer

POLL = {
    "title": "Cats vs Dogs",
    "question": "Cats or <dogs>?",
    "choices": [
        {"key": "a", "text": "Cats", "color": "#1aaaf8"},
        {"key": "b", "text": "Dogs & puppies", "color": "#005f5e"},
    ],
}
COOKIE_KEY = "a-cookie-key-for-tests"
EDGE_TOKEN = "an-edge-token-for-tests"
SECONDS = 20
SOURCE = Path(__file__).parents[1]


class Server:
    """`python -m frontend`, on a port of its own."""

    def __init__(self, environ: dict[str, str], log: Path, source: Path = SOURCE) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.log = log
        start = f"from frontend.__main__ import main; main(port={self.port})"
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", start],
                env={**os.environ, **environ, "PYTHONPATH": str(source)},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        # Every process, not only the first: one that is told to end while it starts ends late.
        processes = len(os.sched_getaffinity(0))
        deadline = time.monotonic() + SECONDS
        while log.read_text().count("Started worker-") < processes:
            if self.ended_within(0.05) or time.monotonic() > deadline:
                self.process.kill()
                self.process.wait(SECONDS)
                raise RuntimeError(f"the server did not start:\n{log.read_text()}")

    def ended_within(self, seconds: float) -> bool:
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def refuses_connections(self) -> bool:
        """Wait until the port is closed; False where it stays open."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), SECONDS).close()
            except ConnectionRefusedError:
                return True
            except ConnectionResetError:
                # It was closed while this one waited to be accepted.
                continue
        return False

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(SECONDS)


def settings(directory: Path, queue: RedisServer, poll_file: Path) -> dict[str, str]:
    """The environment of a frontend with this queue; its secrets are put into `directory`."""
    (directory / "cookie_key").write_text(f"{COOKIE_KEY}\n")
    (directory / "edge_token").write_text(f"{EDGE_TOKEN}\n")
    return {
        "NODE_NAME": "frontend<01>",
        "POLL_FILE": str(poll_file),
        "QUEUE_SOCKET": str(queue.socket_path),
        "QUEUE_PASSWORD_FILE": str(queue.password_file("frontend")),
        "COOKIE_KEY_FILE": str(directory / "cookie_key"),
        "EDGE_TOKEN_FILE": str(directory / "edge_token"),
    }


@pytest.fixture
def environ(tmp_path: Path, redis_server: RedisServer) -> dict[str, str]:
    """The environment of a frontend whose queue runs, and is open."""
    redis_server.open_intake()
    poll_file = tmp_path / "poll.yml"
    poll_file.write_text(json.dumps(POLL))
    return settings(tmp_path, redis_server, poll_file) | {"QUEUE_TIMEOUT": "0.3"}


@pytest.fixture
def app(environ: dict[str, str]) -> Flask:
    return create_app(Config.from_environ(environ))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that keeps its cookies."""
    return app.test_client()


@pytest.fixture
def stranger(app: Flask) -> FlaskClient:
    """A program that keeps no cookies."""
    return app.test_client(use_cookies=False)


@pytest.fixture
def server(environ: dict[str, str], tmp_path: Path) -> Iterator[Server]:
    server = Server(environ | {"QUEUE_TIMEOUT": "5"}, tmp_path / "server.log")
    yield server
    server.stop()


@pytest.fixture
def ballots(redis_server: RedisServer) -> Callable[[], list[dict[str, str]]]:
    """A function that returns what the queue holds, oldest first."""

    def entries() -> list[dict[str, str]]:
        with redis_server.client() as redis:
            return [fields for _, fields in redis.xrange("ballots")]

    return entries


@pytest.fixture
def fake_redis(tmp_path: Path) -> Iterator[Callable[[bytes], Path]]:
    """A function that starts a server which takes any password, and then says only `reply`."""
    listener = socket.socket(socket.AF_UNIX)
    path = tmp_path / "fake.sock"
    listener.bind(str(path))
    threads: list[threading.Thread] = []

    def serve(reply: bytes) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                while question := connection.recv(4096):
                    if b"AUTH" in question:
                        connection.sendall(b"+OK\r\n")
                    elif reply:
                        connection.sendall(reply)
                    else:
                        break

    def start(reply: bytes) -> Path:
        listener.listen()
        threads.append(threading.Thread(target=serve, args=(reply,), daemon=True))
        threads[0].start()
        return path

    yield start
    # Closing alone does not wake a thread in accept().
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
