#!/usr/bin/env python3
"""What an open poll costs in which nobody votes, in percent of a core.

    bench/idle.py [--queues N] [--workers N ...] [--seconds N] [--rounds N]

"redis alone" is what the queues take where no worker reads them, and a part of "redis". "reads" is
how often a second each queue was read: on a machine that is busy with other things it is less than
it should be, and all else with it. "connections" are those of workers to the store.
"""

import argparse
import signal
import tempfile
import time
from pathlib import Path

from servers import Servers
from testing.waiting import wait_until

LONGEST_SECONDS = 300
# Whatever is done once, when a worker comes, has been done.
SETTLE_SECONDS = 5
ROW = "{:>8} {:>8} | {:>11} {:>6} {:>6} {:>8} {:>6} | {:>5} {:>11}"
HEADINGS = ROW.format(
    *("queues", "workers", "redis alone", "redis", "worker", "postgres", "sum"),
    *("reads", "connections"),
)
CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'worker'"


def measure(servers: Servers, count: int, seconds: float) -> None:
    """Print a line of figures for so many workers."""
    for server in servers.redis:
        with server.client() as client:
            client.flushall()
            client.config_resetstat()
    before = servers.cpu([])
    time.sleep(seconds)
    alone = servers.cpu([])["redis"] - before["redis"]
    with servers.workers(count) as (go, workers):
        go.set()
        wait_until(lambda: reads(servers, at_least=1), LONGEST_SECONDS)
        time.sleep(SETTLE_SECONDS)
        read, before, began = reads(servers), servers.cpu(workers), time.monotonic()
        time.sleep(seconds)
        after, wall = servers.cpu(workers), time.monotonic() - began
        read = reads(servers) - read
        connections = servers.ask(CONNECTIONS)
    shares = [after[name] - before[name] for name in before]
    figures = (alone / seconds, *(share / wall for share in (*shares, sum(shares))))
    print(
        ROW.format(
            *(len(servers.redis), count),
            *(f"{figure * 100:.1f}" for figure in figures),
            f"{read / len(servers.redis) / wall:.1f}",
            connections,
        ),
        flush=True,
    )


def reads(servers: Servers, at_least: int = 0) -> int:
    """How often all queues were read; 0 where one was read less than `at_least` times."""
    counts = []
    for server in servers.redis:
        with server.client() as client:
            stats = client.info("commandstats")
            counts.append(stats.get("cmdstat_xreadgroup", {"calls": 0})["calls"])
    return sum(counts) if min(counts) >= at_least else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--queues", type=int, default=2)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    # As Ctrl-C does: everything is cleared away.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="landslide-idle-") as directory:
        servers = Servers(Path(directory), options.queues, ["max_connections=1000"])
        try:
            print(HEADINGS)
            for count in options.workers * options.rounds:
                measure(servers, count, options.seconds)
        finally:
            servers.close()


if __name__ == "__main__":
    main()
