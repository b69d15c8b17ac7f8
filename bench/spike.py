#!/usr/bin/env python3
"""A spike of strangers: new connections, and nobody waits for anybody.

    ./landslide up
    export PYTHONPATH=cli:tools:apps:apps/frontend:bench
    .venv/bin/python -P bench/spike.py [-e @FILE] [--seconds N] [--rate N ...]

First the voting page, by HTTP, on a new connection each, as fast as wrk gets it from one load
balancer. Then votes by HTTPS, each on a new connection, by ./landslide load, which lets so many
come in each second whether or not others have their receipts (an open loop), and must find every
acknowledged one counted once.

For each: how many the kernel's table of tracked connections had at most, on the load balancer and
on the frontend that had more, with its room; and how many health checks of frontends failed.
"""

import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.request import urlopen

import click
import wrk
from landslide_cli.inventory import Inventory, inventory_options
from landslide_tools.load.lab import Lab
from landslide_tools.load.trial import find_lab
from pipeline import load, read_number

CONNECTIONS = 256
METRICS = "http://{}:8404/metrics"
FAILED_CHECKS = re.compile(r"^haproxy_server_check_failures_total\{.* ([\d.e+]+)$", re.M)
TABLE = "/proc/sys/net/netfilter/nf_conntrack_"


class Watch:
    """The load balancer `balancer` and the frontends while something goes on."""

    def __init__(self, lab: Lab, inventory: Inventory, address: str) -> None:
        self._lab, self._address = lab, address
        self._nodes = {tier: inventory.groups[tier] for tier in ("interlock", "frontend")}
        self._nodes["interlock"] = self._nodes["interlock"][:1]
        self._most = dict.fromkeys(self._nodes, 0)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look once a second while this holds; then print what was seen."""
        ended = threading.Event()
        looking = threading.Thread(target=self._look, args=(ended,))
        failed = self._failed_checks()
        looking.start()
        try:
            yield
        finally:
            ended.set()
            looking.join()
        for tier, most in self._most.items():
            room = read_number(self._lab, self._nodes[tier][0], f"{TABLE}max")
            print(f"    tracked on {tier}: {most:,} of {room:,}")
        print(f"    failed checks: {self._failed_checks() - failed:.0f}", flush=True)

    def _look(self, ended: threading.Event) -> None:
        while not ended.wait(1):
            for tier, nodes in self._nodes.items():
                counts = [read_number(self._lab, node, f"{TABLE}count") for node in nodes]
                self._most[tier] = max(self._most[tier], *counts)

    def _failed_checks(self) -> float:
        with urlopen(METRICS.format(self._address), timeout=10) as answer:
            return sum(map(float, FAILED_CHECKS.findall(answer.read().decode())))


def votes(rate: int, seconds: int, options: Sequence[str]) -> dict[str, Any]:
    """Let so many strangers vote in each second, by HTTPS."""
    how = ["--rate", str(rate), "--seconds", str(seconds), "--votes", str(rate * seconds)]
    return load([*options, *how, "--fresh", "1", "--https", "1", "--changed", "0"])


@click.command()
@inventory_options
@click.option("--seconds", default=60, show_default=True)
@click.option("--rate", "rates", multiple=True, default=[250, 500, 1000], show_default=True)
def main(inventory: Inventory, seconds: int, rates: Sequence[int]) -> None:
    """Measure, and print."""
    site, _ = find_lab(inventory)
    address = site.balancers[0]
    wrk.build(site.lab)
    watch = Watch(site.lab, inventory, address)
    print("pages by HTTP, each on a new connection", flush=True)
    began, cpu = time.monotonic(), site.lab.cpu()
    with watch.watching():
        url, close = f"http://{address}:80/", "Connection: close"
        pages = wrk.run(site.lab, url, connections=CONNECTIONS, seconds=seconds, header=close)
    spent = {part: s - cpu.get(part, 0) for part, s in site.lab.cpu().items()}
    print(f"    {pages:,}, {pages / (time.monotonic() - began):,.0f} a second", end="; ")
    print(*(f"{part} {spent[part] / pages * 1e6:.1f} us" for part in ("haproxy", "frontend")))
    for rate in rates:
        print(f"votes by HTTPS, {rate:,} a second, each on a new connection", flush=True)
        with watch.watching():
            run = votes(rate, seconds, inventory.arguments)
        print(
            f"    sent {run['sent']:,}, acknowledged {run['acknowledged']:,}, refused "
            f"{run['refused']:,}, in doubt {run['in_doubt']:,}; lost {run['lost']}, doubled "
            f"{run['doubled']}; {run['latency']['50']:.0f} ms, 99 % {run['latency']['99']:.0f} ms"
        )


if __name__ == "__main__":
    main()
