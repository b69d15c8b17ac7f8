"""Granian, as the results app and the overview run it."""

from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces


def serve(app: str, interface: Interfaces, port: int, drain_seconds: int, **options: Any) -> None:
    """Serve `MODULE:NAME` until SIGTERM, which closes the port.

    What is in hand then is finished, for `drain_seconds` at most; `options` are Granian's.
    """
    Granian(
        app,
        # All interfaces: the container has one address, and only Swarm publishes it.
        address="0.0.0.0",
        port=port,
        interface=interface,
        http=HTTPModes.http1,
        websockets=False,
        # A process told to end while it starts may never notice (granian 2.8).
        workers_kill_timeout=drain_seconds,
        # The load balancer keeps the access log. A second one here costs half a vote's CPU time.
        log_access=False,
        **options,
    ).serve()
