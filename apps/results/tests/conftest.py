"""The results app as a process, beside a real store."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from testing.internal_tls import directory_of
from testing.ports import free_port
from testing.postgres_server import POLL, PostgresServer
from testing.waiting import wait_until

TRANSLATIONS = {
    "de": {
        "title": "Katzen oder Hunde?",
        "question": "Was ist besser?",
        "choices": {"a": "Katzen", "b": "Hunde"},
        # A text that only the voting page knows.
        "hint": "Wähle gut.",
    },
    "ar": {
        "title": "قطط أم كلاب؟",
        "question": "أيهما أفضل، القطط أم الكلاب؟",
        "choices": {"a": "القطط", "b": "الكلاب"},
    },
}


class Results:
    """`python -m results` on a port of its own."""

    def __init__(self, postgres: PostgresServer, log_path: Path, **settings: str) -> None:
        self.port = free_port()
        environment = {
            "NODE_NAME": "store",
            "POLL_FILE": str(postgres.poll_file),
            "PGHOST": postgres.host,
            "PGPORT": str(postgres.port),
            "PG_PASSWORD_FILE": str(postgres.password_file("results")),
            "TLS_DIRECTORY": str(directory_of("results")),
        }
        with log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "results", str(self.port)],
                cwd=Path(__file__).parents[1],
                env=os.environ | environment | settings,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> None:
        """End it at once, with Granian's worker, which would outlive its parent."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
        """Status, headers and body; raises OSError where nobody listens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        answer = response.status, dict(response.getheaders()), response.read().decode()
        connection.close()
        return answer

    def results(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.get("/api/results")[2])
        return answer

    def watch(self, **headers: str) -> "Viewer":
        return Viewer(self.port, headers)

    def healthy(self) -> bool:
        try:
            return self.get("/healthz")[0] == 200
        except (OSError, http.client.HTTPException):
            return False


class Viewer:
    """A browser's EventSource, as far as the server can tell."""

    def __init__(self, port: int, headers: dict[str, str]) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self._connection.request("GET", "/events", headers=headers)
        self.response = self._connection.getresponse()

    def next_event(self) -> str:
        """The text of the next event, tags left out. Waits for it, 20 seconds at most."""
        lines: list[str] = []
        while line := self.response.readline().decode():
            if line.startswith("data: "):
                lines.append(line.removeprefix("data: "))
            elif line == "\n" and lines:
                return " ".join(re.sub("<[^>]*>", " ", "".join(lines)).split())
        raise EOFError

    def close(self) -> None:
        self.response.close()
        self._connection.close()


@pytest.fixture
def vote(postgres: PostgresServer) -> Callable[..., None]:
    """Sets the tally: vote(a=2, test=1)."""

    def set_tally(**votes: int) -> None:
        for choice, number in votes.items():
            postgres.query("UPDATE tally SET votes = %s WHERE choice = %s", number, choice)

    return set_tally


@pytest.fixture
def results(postgres: PostgresServer, tmp_path: Path) -> Iterator[Results]:
    """The app, once it has read the store; of a poll in three languages."""
    poll = tmp_path / "poll.json"
    poll.write_text(json.dumps(POLL | {"translations": TRANSLATIONS}))
    app = Results(postgres, tmp_path / "results.log", POLL_FILE=str(poll))
    wait_until(app.healthy)
    yield app
    app.kill()
