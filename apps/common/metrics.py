"""Prometheus' text format, as far as one app reads the metrics of another."""

import re
from contextlib import closing
from http.client import HTTPConnection, HTTPException

GAUGE = re.compile(r"^(\w+) (\S+)$", re.M)


def read(address: str, path: str, timeout: float) -> str:
    """The metrics at HOST:PORT. Raises OSError, HTTPException or ValueError."""
    host, _, port = address.rpartition(":")
    with closing(HTTPConnection(host, int(port), timeout=timeout)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        if response.status != 200:
            raise HTTPException(f"{address} answers {response.status}")
        return response.read().decode()


def gauges(text: str, prefix: str) -> dict[str, float]:
    """Those without labels whose names begin with `prefix`, by the rest of the name."""
    return {
        name.removeprefix(prefix): float(value)
        for name, value in GAUGE.findall(text)
        if name.startswith(prefix)
    }
