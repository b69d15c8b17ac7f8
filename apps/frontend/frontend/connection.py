"""One connection to Redis by its unix socket: the few lines of a client that a vote needs.

The parsing is hiredis. redis-py, the client around it, can do everything, and for that takes about
as much CPU time again as the exchange itself.
"""

import socket
from typing import Any

import hiredis

READ_BYTES = 4096


class Connection:
    """Connects and logs in on construction; `timeout` is in seconds, for each wait on the socket.

    Raises OSError (TimeoutError, ConnectionError...) where the server is away or slow, and
    hiredis.HiredisError where it replies with an error. It is of no more use after an OSError or
    a hiredis.ProtocolError.
    """

    def __init__(self, path: str, user: str, password: str, timeout: float) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._reader = hiredis.Reader()
        try:
            self._socket.settimeout(timeout)
            self._socket.connect(path)
            self.ask("AUTH", user, password)
        except BaseException:
            self._socket.close()
            raise

    def ask(self, *command: str | bytes | int) -> Any:
        """Send one command and return its reply: bytes, an int, a list, or None for nil."""
        # hiredis is typed to take one part only; it takes any number.
        self._socket.sendall(hiredis.pack_command(command))  # type: ignore[arg-type]
        # The reader says False for "not all of it yet"; no reply of Redis is a False.
        while (reply := self._reader.gets()) is False:
            received = self._socket.recv(READ_BYTES)
            if not received:
                raise ConnectionResetError("Redis closed the connection")
            self._reader.feed(received)
        if isinstance(reply, hiredis.HiredisError):
            raise reply
        return reply

    def close(self) -> None:
        self._socket.close()

    # Nobody closes those that are open when their owner goes.
    __del__ = close
