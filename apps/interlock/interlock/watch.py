"""Asks the managers for the time and the other load balancers for theirs, again and again; looks
at the kernel's table of connections, too."""

import logging
import ssl
import time
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from common import metrics

from .clock import LIMIT, Balancer, Decision, Sample, offset
from .metrics import PREFIX, Metrics

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
TIMEOUT = 2.0
ERRORS = (OSError, HTTPException, ValueError, LookupError)


class Watch:
    """One look after the other at all clocks; `changed` is called when the decision changes.

    `managers` are URLs of their swarm-api, `others` HOST:PORT of other load balancers' Interlock
    metrics. `draining` is how things are at the start.
    """

    def __init__(
        self,
        managers: tuple[str, ...],
        tls: ssl.SSLContext,
        others: tuple[str, ...],
        metrics: Metrics,
        draining: bool,
        changed: Callable[[], None],
    ) -> None:
        self._managers = managers
        self._tls = tls
        self._others = others
        self._metrics = metrics
        self._decision = Decision(draining)
        self._changed = changed
        self._named = False
        metrics.draining = int(draining)

    @property
    def draining(self) -> bool:
        """Whether this load balancer is to leave voters to another one."""
        return self._decision.draining

    def run(self, pause: Callable[[float], object]) -> None:
        """Look for ever: for a thread of its own."""
        while True:
            self.look()
            pause(LOOK_SECONDS)

    def look(self) -> None:
        """Ask all once. Whoever does not answer has no say."""
        self._metrics.tracked_connections = tracking("count")
        self._metrics.tracked_connections_limit = tracking("max")
        own = offset(
            sample for url in self._managers if (sample := ask_manager(url, self._tls)) is not None
        )
        # Before the others are asked: they have to read it when they ask in turn.
        self._metrics.clock_known = int(own is not None)
        self._metrics.clock_offset_seconds = own or 0.0
        self._name(own)
        others = [ask_balancer(address) for address in self._others]
        before = self.draining
        after = self._decision.look(own, [other for other in others if other is not None])
        if after != before:
            log.warning("draining: no new voters" if after else "voters are served again")
            self._metrics.draining = int(after)
            self._changed()

    def _name(self, own: float | None) -> None:
        if own is None:
            return
        if abs(own) > LIMIT and not self._named:
            log.error("this clock is %+.3f s off the managers'", -own)
        elif abs(own) <= LIMIT and self._named:
            log.warning("this clock is right again")
        self._named = abs(own) > LIMIT


def tracking(what: str, directory: Path = Path("/proc/sys/net/netfilter")) -> int:
    """`count` or `max` of the connections that the kernel tracks here; 0 where it tracks none."""
    try:
        return int((directory / f"nf_conntrack_{what}").read_text())
    except OSError:
        return 0


def ask_manager(url: str, tls: ssl.SSLContext) -> Sample | None:
    """What time it is at a manager; None where it does not say."""
    host, port = urlsplit(url).hostname or "", urlsplit(url).port
    try:
        with closing(HTTPSConnection(host, port, timeout=TIMEOUT, context=tls)) as connection:
            # Not part of what is measured.
            connection.connect()
            began, start = time.time(), time.monotonic()
            connection.request("GET", "/time")
            answer = connection.getresponse()
            took = time.monotonic() - start
            return Sample(began, took, int(answer.headers.get("X-Time", "")) / 1e6)
    except ERRORS:
        return None


def ask_balancer(address: str) -> Balancer | None:
    """What another load balancer's Interlock says of it; None where it does not answer."""
    try:
        gauges = metrics.gauges(metrics.read(address, "/metrics", TIMEOUT), PREFIX)
        return Balancer(
            offset=gauges["clock_offset_seconds"] if gauges["clock_known"] else None,
            serves=bool(gauges["serving"]) and not gauges["draining"],
        )
    except ERRORS:
        return None
