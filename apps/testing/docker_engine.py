"""A stand-in for a Swarm manager's Docker API, on a unix socket: what Interlock reads of it."""

import json
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

VERSION = {"Version": "26.1.5", "ApiVersion": "1.45", "MinAPIVersion": "1.24"}


class Engine:
    """Answers with `services`, `tasks` and `nodes`; `requests` has method and path of each call."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.services: list[dict[str, Any]] = []
        self.tasks: list[dict[str, Any]] = []
        self.nodes: list[dict[str, Any]] = []
        self.requests: list[tuple[str, str]] = []
        # Set, every answer is an internal error.
        self.broken = False
        # Lines at the beginning of each stream of events.
        self.events: list[bytes] = []
        # Set, it ends all streams of events; without it they are open and silent.
        self.closing = threading.Event()
        self._server = _Server(str(path), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def add_service(self, name: str, host: str, **labels: str) -> None:
        """A service with a host-mode port 8000 and no task."""
        given = {"interlock.hostname": host} | {f"interlock.{k}": v for k, v in labels.items()}
        port = {"Protocol": "tcp", "TargetPort": 8000, "PublishMode": "host"}
        self.services.append(
            {
                "ID": name,
                "CreatedAt": f"2026-01-01T00:00:{len(self.services):02}Z",
                "Spec": {"Name": name, "Labels": given},
                "Endpoint": {"Spec": {"Ports": [port]}},
            }
        )

    def add_task(self, service: str, node: str, published: int) -> dict[str, Any]:
        """A running task on a node of its own, at 127.0.0.1:`published`."""
        port = {
            "Protocol": "tcp",
            "TargetPort": 8000,
            "PublishMode": "host",
            "PublishedPort": published,
        }
        task = {
            "ID": f"{service}-{node}-{published}",
            "ServiceID": service,
            "NodeID": node,
            "DesiredState": "running",
            "Status": {"State": "running", "PortStatus": {"Ports": [port]}},
        }
        self.add_node(node)
        self.tasks.append(task)
        return task

    def add_node(self, name: str) -> None:
        """A node that is ready and active, where there is none of that name yet."""
        if all(node["ID"] != name for node in self.nodes):
            self.nodes.append(
                {
                    "ID": name,
                    "Spec": {"Availability": "active"},
                    "Description": {"Hostname": name},
                    "Status": {"State": "ready", "Addr": "127.0.0.1"},
                }
            )

    def close(self) -> None:
        """Stop; streams end."""
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone is no failure of the test."""


def _handler(engine: Engine) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            path = urlsplit(self.path).path
            engine.requests.append((self.command, path))
            what = path.rsplit("/", 1)[1]
            if what == "events":
                self.send_response(200)
                self.end_headers()
                self.wfile.writelines(event + b"\n" for event in engine.events)
                engine.closing.wait(60)
                return
            answers = {
                "_ping": "OK",
                "version": VERSION,
                "services": engine.services,
                "tasks": engine.tasks,
                "nodes": engine.nodes,
            }
            answer = {"message": "broken"} if engine.broken else answers.get(what, {})
            body = json.dumps(answer).encode()
            self.send_response(500 if engine.broken else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = do_HEAD = answer

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the test looks at `requests`."""

    return Handler


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A running engine with one node, the manager."""
    running = Engine(tmp_path / "docker.sock")
    running.add_node("manager")
    yield running
    running.close()
