"""HAProxy's sockets: runtime commands to the worker, `reload` to the master."""

import socket
import time
from pathlib import Path

from .reconcile import Key, Present

# What HAProxy answers to a command that it has carried out (management guide, 9.3).
_DONE = ("", "New server registered.", "Server deleted.")
_ADDRESS_DONE = ("IP changed from", "no need to change", "port changed from")
_STILL_BUSY = "Server still has connections"
# The master starts itself anew in a reload, and then refuses connections for a moment.
MASTER_GAP_SECONDS = 2.0


class HAProxyError(Exception):
    """HAProxy cannot be reached, or has refused; the text says what."""


class Runtime:
    """The admin and the master socket; each command is a connection of its own, as HAProxy
    closes after the answer. No command takes longer than `timeout` seconds, a reload
    `reload_timeout`."""

    def __init__(
        self, admin: Path, master: Path, timeout: float = 5, reload_timeout: float = 20
    ) -> None:
        self._admin = admin
        self._master = master
        self._timeout = timeout
        self._reload_timeout = reload_timeout

    def fingerprint(self) -> str:
        """The description of the running configuration. Raises HAProxyError."""
        for line in self._ask("show info").splitlines():
            name, _, value = line.partition(": ")
            if name == "description":
                return value
        return ""

    def servers(self) -> dict[Key, Present]:
        """All servers of all backends. Raises HAProxyError."""
        return parse_servers(self._ask("show servers state"), self._ask("show servers conn"))

    def ticket_keys(self, path: Path) -> tuple[str, ...]:
        """The keys of TLS tickets that came from a file, oldest first. Raises HAProxyError."""
        lines = self._ask(f"show tls-keys {path}").splitlines()
        return tuple(line.split()[1] for line in lines if line and not line.startswith("#"))

    def add_ticket_key(self, path: Path, key: str) -> None:
        """Let a key be the newest one, and forget the oldest. Raises HAProxyError without it."""
        answer = self._ask(f"set ssl tls-key {path} {key}").strip()
        if answer != "TLS ticket key updated!":
            raise HAProxyError(f"HAProxy refused a key of TLS tickets: {answer}")

    def run(self, command: str) -> bool:
        """Carry out one command; False where HAProxy says: not yet. Raises HAProxyError."""
        answer = self._ask(command).strip()
        if answer in _DONE or answer.startswith(_ADDRESS_DONE):
            return True
        if answer.startswith(_STILL_BUSY):
            return False
        raise HAProxyError(f"HAProxy refused `{command}`: {answer}")

    def reload(self) -> None:
        """Load the file anew, handing over the listeners. Raises HAProxyError with the log."""
        answer = _exchange(self._master, "reload", self._reload_timeout, MASTER_GAP_SECONDS)
        if not answer.startswith("Success=1"):
            raise HAProxyError(f"HAProxy could not reload: {answer.strip()}")

    def _ask(self, command: str) -> str:
        return _exchange(self._admin, command, self._timeout)


def parse_servers(state: str, connections: str) -> dict[Key, Present]:
    """Servers from `show servers state` and `show servers conn`, both in format version 1."""
    busy = {row["bkname/svname"]: int(row["used_cur"]) for row in _rows(connections)}
    return {
        (row["be_name"], row["srv_name"]): Present(
            address=row["srv_addr"],
            port=int(row["srv_port"]),
            admin_state=int(row["srv_admin_state"]),
            # A server that came in between the two answers has served nobody yet.
            busy=busy.get(f"{row['be_name']}/{row['srv_name']}", 0),
        )
        for row in _rows(state)
    }


def _rows(table: str) -> list[dict[str, str]]:
    titles: list[str] = []
    rows = []
    for line in table.splitlines():
        if line.startswith("# "):
            titles = line[2:].split()
        elif titles and line:
            rows.append(dict(zip(titles, line.split(), strict=False)))
    return rows


def _exchange(path: Path, command: str, timeout: float, patience: float = 0.0) -> str:
    deadline = time.monotonic() + timeout
    answer = b""
    try:
        with _connect(path, timeout, patience) as connection:
            connection.sendall(command.encode() + b"\n")
            while chunk := connection.recv(65536):
                answer += chunk
                connection.settimeout(max(0.001, deadline - time.monotonic()))
    except OSError as error:
        raise HAProxyError(f"{path} does not answer `{command}`: {error}") from error
    return answer.decode(errors="replace")


def _connect(path: Path, timeout: float, patience: float) -> socket.socket:
    """A connection, waiting up to `patience` for somebody to listen; raises OSError."""
    end = time.monotonic() + min(patience, timeout)
    while True:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(timeout)
        try:
            connection.connect(str(path))
            return connection
        except OSError as error:
            connection.close()
            absent = isinstance(error, ConnectionRefusedError | FileNotFoundError)
            if not absent or time.monotonic() >= end:
                raise
        # Nothing tells when it listens again: asked again and again, until `end`.
        time.sleep(0.02)
