"""A small HTTP server to stand behind HAProxy: it records requests and answers as it is told."""

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


class Backend:
    """On 127.0.0.1:`port`; answers its `name`. `statuses` overrides a path's status.

    /events is a stream of one event. `headers` are sent with every answer but that. With `tls` it
    speaks nothing else.
    """

    def __init__(self, name: str, tls: ssl.SSLContext | None = None) -> None:
        self.name = name
        self.statuses: dict[str, int] = {}
        self.headers: list[tuple[str, str]] = []
        # Requests but those for /healthz and /events: method, path, headers as they came, body.
        self.requests: list[tuple[str, str, list[tuple[str, str]], bytes]] = []
        # Cleared, it keeps every answer but that for /healthz back, and the event.
        self.may_answer = threading.Event()
        self.may_answer.set()
        self._server: ThreadingHTTPServer = _Server(("127.0.0.1", 0), _handler(self))
        if tls:
            # The handshake is in the thread of its connection, with the first byte that it reads.
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        """Stop listening and answering."""
        self.may_answer.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone is no failure of the test."""


def _handler(backend: Backend) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def stream(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            backend.may_answer.wait(30)
            self.wfile.write(f"data: {backend.name}\n\n".encode())

        def answer(self) -> None:
            if self.path == "/events":
                self.stream()
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path != "/healthz":
                backend.requests.append((self.command, self.path, self.headers.items(), body))
                backend.may_answer.wait(30)
            self.send_response(backend.statuses.get(self.path, 200))
            for header in backend.headers:
                self.send_header(*header)
            self.send_header("Content-Length", str(len(backend.name)))
            self.end_headers()
            self.wfile.write(backend.name.encode())

        do_GET = do_POST = answer

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the test looks at `requests`."""

    return Handler


@pytest.fixture
def backends() -> Iterator[list[Backend]]:
    """Three running backends, named a, b and c."""
    running = [Backend(name) for name in "abc"]
    yield running
    for backend in running:
        backend.close()
