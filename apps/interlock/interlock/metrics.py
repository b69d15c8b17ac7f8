"""Interlock's own metrics for Prometheus; HAProxy serves the others on a port of its own."""

import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PREFIX = "interlock_"


@dataclass
class Metrics:
    """Written by the main loop and the watch, read by whoever asks; named as Prometheus sees it."""

    services: int = 0
    # Services whose labels cannot be used, and other remarks on labels.
    problems: int = 0
    rounds_total: int = 0
    # Rounds that failed: the Swarm could not be read, HAProxy not be reached, or it refused.
    rounds_failed_total: int = 0
    # 0 while HAProxy refuses the new configuration and keeps the last good one.
    configuration_valid: int = 1
    # By how much the managers' clocks are ahead of ours, where that is known.
    clock_offset_seconds: float = 0.0
    clock_known: int = 0
    # Connections in the kernel's table of this host, and its room; 0 where it tracks none.
    tracked_connections: int = 0
    tracked_connections_limit: int = 0
    # 1 from the moment at which it was decided to leave voters to another load balancer.
    draining: int = 0
    # HAProxy answers, and takes voters' connections.
    serving: int = 0

    def text(self) -> str:
        """In Prometheus's text format 0.0.4."""
        return "".join(f"{PREFIX}{name} {value}\n" for name, value in vars(self).items())


def serve(metrics: Metrics, bind: str) -> ThreadingHTTPServer:
    """Answer /metrics at ADDRESS:PORT, on a thread of its own, until shutdown()."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = metrics.text().encode()
            self.send_response(200 if self.path == "/metrics" else 404)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: Prometheus asks every few seconds."""

    host, _, port = bind.rpartition(":")
    server = ThreadingHTTPServer((host, int(port)), Handler)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server
