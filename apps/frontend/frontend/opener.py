"""From a socket that has been accepted to a connection that is served, by TLS or by plain HTTP.

Plain HTTP is what load balancers of version 1.0 speak, which are updated after the frontends, and
what health checks speak: they have no secret, and no storm of handshakes holds them up.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from typing import Any

log = logging.getLogger(__name__)
# What a connection by TLS begins with (RFC 8446, 5.1), and none by HTTP.
TLS_HANDSHAKE = b"\x16"
# For a handshake, as long as the load balancer waits, and for a farewell.
TLS_SECONDS = 2
# At once: each is a millisecond or so of CPU time, in which no vote goes on.
HANDSHAKES = 32


class Opener:
    """What one process does with the sockets that it has accepted."""

    def __init__(self, tls: ssl.SSLContext, protocol: Callable[[], asyncio.Protocol]) -> None:
        self._loop = asyncio.get_running_loop()
        self._tls = tls
        self._protocol = protocol
        # Nothing has come there yet.
        self._silent: set[socket.socket] = set()
        # Their clients have begun a handshake.
        self._waiting: list[socket.socket] = []
        self._opening: set[asyncio.Task[Any]] = set()

    @property
    def is_busy(self) -> bool:
        """Whether a connection is just being opened."""
        return bool(self._opening)

    def add(self, connection: socket.socket) -> None:
        """Open it as soon as its client says something."""
        connection.setblocking(False)
        self._silent.add(connection)
        self._loop.add_reader(connection, self._begin, connection)

    def close(self) -> None:
        """Close what is not open yet: the load balancer asks somebody else."""
        for connection in self._silent:
            self._loop.remove_reader(connection)
        for connection in (*self._silent, *self._waiting):
            connection.close()
        self._waiting.clear()

    def _begin(self, connection: socket.socket) -> None:
        self._loop.remove_reader(connection)
        self._silent.discard(connection)
        try:
            first = connection.recv(1, socket.MSG_PEEK)
        except OSError:
            # It is gone.
            connection.close()
            return
        if first == TLS_HANDSHAKE:
            self._waiting.append(connection)
            self._shake_hands()
        else:
            self._start(connection)

    def _shake_hands(self) -> None:
        # The newest first: where there are too many, nobody waits for the oldest any more.
        while self._waiting and len(self._opening) < HANDSHAKES:
            self._start(
                self._waiting.pop(),
                ssl=self._tls,
                ssl_handshake_timeout=TLS_SECONDS,
                ssl_shutdown_timeout=TLS_SECONDS,
            )

    def _start(self, connection: socket.socket, **options: Any) -> None:
        opening = self._loop.create_task(
            self._loop.connect_accepted_socket(self._protocol, connection, **options)
        )
        self._opening.add(opening)
        opening.add_done_callback(self._end)

    def _end(self, opening: asyncio.Task[Any]) -> None:
        self._opening.discard(opening)
        if not opening.cancelled() and isinstance(error := opening.exception(), ssl.SSLError):
            log.warning("a client was refused: %s", error)
        self._shake_hands()
