"""What a load balancer says of itself: HAProxy's and Interlock's Prometheus metrics."""

import re
from dataclasses import dataclass

from common import metrics

TIMEOUT = 3.0
# Those of single servers are many, and not asked for here.
PATH = "/metrics?scope=frontend&scope=backend"
LINE = re.compile(r'^haproxy_(\w+)\{proxy="([^"]*)"(?:,code="([^"]*)")?\} (\d+)$', re.M)
INTERLOCK = "interlock_"


@dataclass(frozen=True)
class Traffic:
    """Counts since HAProxy last read its configuration.

    `refused` asked too often, or for too much; `shed` came when the containers had no room for
    more; `failed` were answered with an error of the system's, those shed among them.
    """

    requests: int
    refused: int
    shed: int
    failed: int


@dataclass(frozen=True)
class State:
    """What Interlock says: by how many seconds the managers' clocks are `ahead` of the load
    balancer's, None where it does not know, whether it `drains` for that, whether HAProxy runs the
    newest configuration, and which part of the kernel's table of connections is `tracked`."""

    ahead: float | None
    drains: bool
    configured: bool
    tracked: float


def read(address: str) -> Traffic:
    """Raises OSError, HTTPException or ValueError where there is no usable answer."""
    return traffic(metrics.read(address, PATH, TIMEOUT))


def read_state(address: str) -> State:
    """Raises OSError, HTTPException or ValueError where there is no usable answer."""
    return state(metrics.read(address, "/metrics", TIMEOUT))


def state(text: str) -> State:
    """From Interlock's metrics. Raises ValueError where it is not there."""
    gauges = metrics.gauges(text, INTERLOCK)
    try:
        return State(
            ahead=gauges["clock_offset_seconds"] if gauges["clock_known"] else None,
            drains=bool(gauges["draining"]),
            configured=bool(gauges["configuration_valid"]),
            tracked=gauges["tracked_connections"] / (gauges["tracked_connections_limit"] or 1),
        )
    except KeyError as error:
        raise ValueError(f"no {error} in the metrics") from error


def traffic(text: str) -> Traffic:
    """The traffic of the frontend `edge`. Raises ValueError where it is not there."""
    counts = {(name, proxy, code): int(count) for name, proxy, code, count in LINE.findall(text)}
    try:
        return Traffic(
            requests=counts["frontend_http_requests_total", "edge", ""],
            refused=counts["frontend_requests_denied_total", "edge", ""],
            shed=sum(
                count
                for (name, _, _), count in counts.items()
                if name == "backend_requests_denied_total"
            ),
            failed=counts["frontend_http_responses_total", "edge", "5xx"],
        )
    except KeyError as error:
        raise ValueError(f"no {error} in the metrics") from error
