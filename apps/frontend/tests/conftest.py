"""A frontend of its own for each test, on a real queue with the shipped configuration."""

import json
import socket
import threading
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
EDGE_TOKEN = "an-edge-token-for-tests"


@pytest.fixture
def environ(tmp_path: Path, redis_server: RedisServer) -> dict[str, str]:
    """The environment of a frontend whose queue runs, and is open."""
    redis_server.open_intake()
    (tmp_path / "poll.yml").write_text(json.dumps(POLL))
    (tmp_path / "cookie_key").write_text("a-cookie-key-for-tests\n")
    (tmp_path / "edge_token").write_text(f"{EDGE_TOKEN}\n")
    return {
        "NODE_NAME": "frontend<01>",
        "POLL_FILE": str(tmp_path / "poll.yml"),
        "QUEUE_SOCKET": str(redis_server.socket_path),
        "QUEUE_PASSWORD_FILE": str(redis_server.password_file("frontend")),
        "QUEUE_TIMEOUT": "0.3",
        "COOKIE_KEY_FILE": str(tmp_path / "cookie_key"),
        "EDGE_TOKEN_FILE": str(tmp_path / "edge_token"),
    }


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
