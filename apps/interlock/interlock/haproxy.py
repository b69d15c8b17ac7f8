"""Brings HAProxy to a topology: the files always, then either a reload or runtime commands."""

import logging
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from .edge import DRAINING, Site
from .reconcile import Key, desired, plan
from .render import fingerprint, render, secrets
from .runtime import HAProxyError, Runtime
from .tickets import keys
from .topology import Topology

log = logging.getLogger(__name__)

# Fields of Site: files that HAProxy reads.
CERTIFICATES = ("certificate", "internal_ca")
# Longer than `timeout server`: what has not ended by then never will.
DRAIN_LIMIT = 15.0
CHECK_TIMEOUT = 20.0
TAKEOVER_LIMIT = 5.0


class ConfigurationRefused(HAProxyError):
    """HAProxy cannot run the new configuration, and goes on with the last good one."""


class HAProxy:
    """One HAProxy: its configuration file and its sockets."""

    def __init__(
        self,
        site: Site,
        path: Path,
        runtime: Runtime,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._site = site
        self._path = path
        self._runtime = runtime
        self._clock = clock
        self._wall_clock = wall_clock
        self._tickets = path.with_name("tickets")
        self._reloaded: str | None = None
        self._leaving_since: dict[Key, float] = {}
        self._topology: Topology | None = None
        # As HAProxy last was, which neither a restart of ours nor one of HAProxy's changes.
        self._drained = path.exists() and DRAINING in path.read_text().splitlines()

    @property
    def drained(self) -> bool:
        """Whether HAProxy refuses voters' connections."""
        return self._drained

    def drain(self, draining: bool) -> None:
        """Refuse voters' connections from now on, or take them, with the last topology. Connections
        in hand end as on every reload. Raises HAProxyError, OSError."""
        self._site = replace(self._site, draining=draining)
        if self._topology is not None and draining != self._drained:
            self.bring_to(self._topology)

    def bring_to(self, topology: Topology) -> bool:
        """One round; True where nothing is left to do. Raises HAProxyError, OSError.

        HAProxy itself says which configuration it runs (see render.fingerprint), so that a
        restart of either side, between any two steps, is made good by the next round.
        """
        self._topology = topology
        certificates: dict[str, Any] = {
            name: str(self._install_certificate(name)) for name in CERTIFICATES
        }
        ticket_keys = self._install_tickets()
        site = replace(self._site, **certificates, tickets=str(self._tickets))
        wanted = fingerprint(site, topology)
        former = self._install(render(site, topology))
        if not self._runs(wanted):
            self._reload(former, wanted)
            self._drained = site.draining
            return False
        self._drained = site.draining
        if not site.draining and self._runtime.ticket_keys(self._tickets) != ticket_keys:
            for key in ticket_keys:
                self._runtime.add_ticket_key(self._tickets, key)
        for name, path in certificates.items():
            for other in self._path.parent.glob(_certificate_name(name, "*")):
                if str(other) != path:
                    other.unlink()
        return self._move_servers(site, topology)

    def _install_certificate(self, name: str) -> Path:
        """A copy beside the configuration, where HAProxy may read it, under a name of its content:
        a renewed certificate is a new configuration, checked and loaded like any other."""
        content = Path(getattr(self._site, name)).read_text()
        mark = sha256(content.encode()).hexdigest()[:16]
        path = self._path.with_name(_certificate_name(name, mark))
        if not path.exists():
            _write_beside(path, content).replace(path)
        return path

    def _install_tickets(self) -> tuple[str, ...]:
        """The keys of TLS tickets of this hour, also in the file that HAProxy reads when it starts.

        Its name is no part of what calls for a reload, so each hour only the running one is told.
        """
        wanted = keys(self._site.ticket_secret, self._wall_clock())
        text = "".join(f"{key}\n" for key in wanted)
        if not self._tickets.exists() or self._tickets.read_text() != text:
            _write_beside(self._tickets, text).replace(self._tickets)
        return wanted

    def _install(self, text: str) -> str | None:
        former = self._path.read_text() if self._path.exists() else None
        if text != former:
            new = _write_beside(self._path, text)
            self._check(new)
            new.replace(self._path)
        return former

    def _check(self, path: Path) -> None:
        try:
            subprocess.run(
                ["haproxy", "-c", "-f", str(path)],
                check=True,
                capture_output=True,
                text=True,
                timeout=CHECK_TIMEOUT,
            )
        except subprocess.SubprocessError as error:
            path.unlink()
            reason = getattr(error, "stderr", None) or str(error)
            raise ConfigurationRefused(
                "the new configuration is invalid, the last good one stays: "
                + self._without_secrets(reason.strip())
            ) from error

    def _without_secrets(self, text: str) -> str:
        for secret in secrets(self._site):
            text = text.replace(secret, "***")
        return text

    def _reload(self, former: str | None, wanted: str) -> None:
        try:
            self._runtime.reload()
        except HAProxyError as error:
            # The file must be one that a restarted HAProxy can run.
            if former is not None:
                _write_beside(self._path, former).replace(self._path)
            raise ConfigurationRefused(self._without_secrets(str(error))) from error
        self._reloaded = wanted
        if not self._runs(wanted):
            raise HAProxyError("HAProxy has reloaded, yet runs its former configuration")
        log.info("HAProxy reloaded")

    def _runs(self, wanted: str) -> bool:
        # After a reload the former worker answers a moment longer, now and then; taken for the new
        # one, it would get a reload on top of a reload.
        deadline = self._clock() + (TAKEOVER_LIMIT if wanted == self._reloaded else 0)
        while self._runtime.fingerprint() != wanted:
            if self._clock() >= deadline:
                return False
            time.sleep(0.02)
        return True

    def _move_servers(self, site: Site, topology: Topology) -> bool:
        wanted = desired(site, topology)
        present = self._runtime.servers()
        now = self._clock()
        leaving = present.keys() - wanted.keys()
        self._leaving_since = {key: self._leaving_since.get(key, now) for key in leaving}
        overdue = frozenset(
            key for key, since in self._leaving_since.items() if now - since >= DRAIN_LIMIT
        )
        for command in plan(wanted, present, overdue):
            if self._runtime.run(command):
                log.info("%s", command)
        return not leaving


def _certificate_name(name: str, mark: str) -> str:
    return f"{name}-{mark}.pem"


def _write_beside(path: Path, text: str) -> Path:
    new = path.with_name(path.name + ".new")
    # It holds secrets: readable by its owner and HAProxy's group from its first byte on.
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return new
