"""A frontend of its own for each test, on a real queue with the shipped configuration."""

import http.client
import json
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from frontend.app import create_app
from frontend.config import Config
from frontend.server import process_count
from frontend.vote_handler import VoteHandler
from frontend.voter import Voter, VoterCookieSigner
from interlock import topology
from interlock.labels import Labels
from testing.edge import Edge
from testing.event_loop import event_loop
from testing.internal_tls import directory_of
from testing.ports import free_port
from testing.redis_server import RedisServer
from testing.waiting import wait_until
from werkzeug.test import TestResponse

POLL = {
    "id": "cats-or-dogs",
    "title": "Cats vs Dogs",
    "question": "Cats or <dogs>?",
    "choices": [
        {"key": "a", "text": "Cats", "color": "#1aaaf8"},
        {"key": "b", "text": "Dogs & puppies", "color": "#005f5e"},
    ],
}
COOKIE_KEY = "a-cookie-key-for-tests"
NEW_VOTER_KEY = "a-new-voter-key-for-tests"
EDGE_TOKEN = "an-edge-token-for-tests"
ENTRY_KEY = "an-entry-key-for-tests"
TEST_TOKEN = "a-test-token-for-tests"
ACCEPTED = "2 cats-or-dogs a,b,test"
COOKIE = "voter-any"
# As roles/frontend has them.
LABELS = Labels(
    hosts=("votingapp.local",),
    health_check="/healthz",
    health_check_interval=500,
    max_connections=500,
    default=True,
    languages=("en",),
)
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SECONDS = 20
SOURCE = Path(__file__).parents[1]


def request_id(microseconds: int | None = None) -> str:
    """A request's id as the load balancer makes it, a UUIDv7; received now, or at that time."""
    milliseconds = (microseconds or time.time_ns() // 1000) // 1000
    digits = f"{milliseconds:012x}7{secrets.token_hex(2)[:3]}8{secrets.token_hex(8)[:15]}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def through_edge(microseconds: int | None = None) -> dict[str, str]:
    """The headers by which the load balancer vouches for a request, see `request_id`."""
    return {"X-Edge-Token": EDGE_TOKEN, "X-Request-ID": request_id(microseconds)}


def cookie_of(headers: Any) -> str:
    """The value of the voter's cookie that an answer sets; empty where it sets none."""
    name, _, rest = (headers.get("Set-Cookie") or "").partition("=")
    assert name in ("", COOKIE)
    return str(rest.partition(";")[0])


def sign(voter: Voter) -> str:
    """The value of a cookie, as any frontend signs it."""
    return VoterCookieSigner([COOKIE_KEY.encode()]).sign(voter)


def last_in(page: str) -> str:
    """What a page's form says of the vote that it was made for."""
    return page.partition('name="last" value="')[2].partition('"')[0]


class Browser(FlaskClient):
    """A client behind the load balancer, which vouches for each request that does not say so."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        self.environ_base["HTTP_X_EDGE_TOKEN"] = EDGE_TOKEN
        self.environ_base["HTTP_X_REQUEST_ID"] = request_id()
        return super().open(*args, **kwargs)

    def press(self, page: TestResponse, choice: str) -> TestResponse:
        """Press a button of a page, as a browser does."""
        return self.post("/", data={"vote": choice, "last": last_in(page.text)})


def make_app(environ: dict[str, str]) -> Flask:
    """The application with these settings, whose clients are behind a load balancer."""
    app = create_app(VoteHandler(Config.from_environ(environ)), event_loop())
    app.test_client_class = Browser
    return app


class Server:
    """`python -m frontend`, on a port of its own."""

    def __init__(self, environ: dict[str, str], log: Path, source: Path = SOURCE) -> None:
        self.port = free_port()
        self.log = log
        start = f"from frontend.__main__ import main; main(port={self.port})"
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", start],
                env={**os.environ, **environ, "PYTHONPATH": f"{source}:{source.parent}"},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        # Every process: the test may count them, or end one.
        deadline = time.monotonic() + SECONDS
        while log.read_text().count(" serves") < process_count():
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

    def processes(self) -> list[int]:
        """Those that serve, oldest first."""
        pid = self.process.pid
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def has_read_all(self) -> bool:
        """Whether all that was sent to it has been accepted and read (`man 5 proc`)."""
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        ours = [row for row in rows if int(row[1].rpartition(":")[2], 16) == self.port]
        return all(int(row[4].rpartition(":")[2], 16) == 0 for row in ours)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(SECONDS)


def settings(directory: Path, queue: RedisServer, poll_file: Path) -> dict[str, str]:
    """The environment of a frontend with this queue; its secrets are put into `directory`."""
    secrets_of_all = {
        "COOKIE_KEY_FILE": COOKIE_KEY,
        "NEW_VOTER_KEY_FILE": NEW_VOTER_KEY,
        "EDGE_TOKEN_FILE": EDGE_TOKEN,
        "ENTRY_KEY_FILE": ENTRY_KEY,
        "TEST_TOKEN_FILE": TEST_TOKEN,
    }
    for name, secret in secrets_of_all.items():
        (directory / name).write_text(f"{secret}\n")
    return {name: str(directory / name) for name in secrets_of_all} | {
        "NODE_NAME": "frontend<01>",
        "POLL_FILE": str(poll_file),
        "QUEUE_SOCKET": str(queue.socket_path),
        "QUEUE_PASSWORD_FILE": str(queue.password_file("frontend")),
        "TLS_DIRECTORY": str(directory_of("frontend")),
    }


def accept(queue: RedisServer, accepted: str) -> None:
    """Say what workers accept, as they do."""
    with queue.client("worker") as redis:
        redis.set("ballots:accepted", accepted)


def balance(edge: Edge, *servers: Server, labels: Labels = LABELS) -> None:
    """Start a load balancer before these frontends, and wait until it has somebody to ask."""
    edge.change(edge_token=EDGE_TOKEN, new_voter_key=NEW_VOTER_KEY)
    nodes = (
        topology.Server(f"frontend{number:02}", "127.0.0.1", server.port, internal_tls=True)
        for number, server in enumerate(servers, 1)
    )
    edge.begin(topology.Service("frontend", labels, tuple(nodes)))
    wait_until(lambda: edge.get()[0] == 200)


@pytest.fixture
def queue_timeout() -> str:
    """How long a frontend waits for its queue: longer than any busy machine holds one up."""
    return "30"


# For tests that stop the queue, and wait until the frontend has given it up.
IMPATIENT = pytest.mark.parametrize("queue_timeout", ["1"])


@pytest.fixture
def environ(tmp_path: Path, redis_server: RedisServer, queue_timeout: str) -> dict[str, str]:
    """The environment of a frontend whose queue runs, and is open."""
    accept(redis_server, ACCEPTED)
    redis_server.open_intake()
    poll_file = tmp_path / "poll.yml"
    poll_file.write_text(json.dumps(POLL))
    return settings(tmp_path, redis_server, poll_file) | {"QUEUE_TIMEOUT": queue_timeout}


@pytest.fixture
def app(environ: dict[str, str]) -> Flask:
    return make_app(environ)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that has opened the page, and keeps its cookies."""
    browser = app.test_client()
    browser.get("/")
    return browser


@pytest.fixture
def stranger(app: Flask) -> FlaskClient:
    """A program that keeps no cookies."""
    return app.test_client(use_cookies=False)


@pytest.fixture
def server(environ: dict[str, str], tmp_path: Path) -> Iterator[Server]:
    server = Server(environ, tmp_path / "server.log")
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
