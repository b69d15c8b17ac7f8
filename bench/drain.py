#!/usr/bin/env python3
"""How fast ballots get from the queues into the ledger, counted, and what that costs in CPU.

    bench/drain.py [--rows MILLIONS ...] [--workers N ...] [--changed PERCENT ...]
                   [--queues N] [--ballots N] [--rounds N]
                   [--fillfactor PERCENT] [--set NAME=VALUE ...]

Real queues and a real store on this machine, with the settings of production: every XADD and every
commit is on disk before it is answered. A drain begins with all ballots in the queues, after a
checkpoint of the store, and ends with the last one acknowledged; then the ledger is checked. No
other checkpoint comes but those that the store's own settings bring.

CPU time (microseconds a ballot) stands beside wall time, which suffers from whatever else the
machine does: "others" is how many cores that took meanwhile. "WAL B" are bytes of Postgres's log a
ballot. "worker MiB" is what all workers hold in memory after a fifth of the ballots, and after the
last. Changed votes are of voters anywhere in the ledger. Needs a GB of disk for each million rows,
given back at the end.

--fillfactor and --set try other settings of the table of votes and of Postgres.
"""

import argparse
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from shutil import disk_usage
from typing import NamedTuple

from cost import machine_cpu, resident_mb
from electorate import fill_ledger, fill_queue
from redis import ResponseError
from servers import Servers
from testing.redis_server import RedisServer
from testing.waiting import wait_until

LONGEST_SECONDS = 900
BYTES_A_ROW = 800
ROW = "{:>9} {:>8} {:>8} {:>8} {:>9} | {:>6} {:>6} {:>8} {:>6} {:>6} | {:>6} {:>11}"
HEADINGS = ROW.format(
    *("rows", "changed", "workers", "ballots", "a second"),
    *("redis", "worker", "postgres", "sum", "WAL B", "others", "worker MiB"),
)
DELIVERED = "SELECT coalesce(sum(ballots), 0)::bigint FROM deliveries"
LOGGED = "SELECT pg_current_wal_lsn() - '0/0'"
BOOKS = """
    SELECT (SELECT count(*) FROM ballots WHERE queue = ANY(%s::uuid[])),
        (SELECT sum(votes) FROM tally), (SELECT count(*) FROM votes)
"""


class Drain(NamedTuple):
    """What is to be measured."""

    rows: int  # in the ledger before
    changed: int  # percent of the ballots
    workers: int
    ballots: int


class Bench:
    """Fills queues and ledger, and has workers drain the one into the other."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        self._rows = self._voters = 0

    def measure(self, drain: Drain) -> None:
        """Drain, check the ledger, and print a line of figures."""
        self._fill(drain)
        ask = self._servers.ask
        rows = self._rows
        with self._servers.workers(drain.workers) as (go, workers):
            before, logged = ask(DELIVERED), ask(LOGGED)
            cpu = self._servers.cpu(workers)
            machine, began = machine_cpu(), time.monotonic()
            go.set()
            fifth = before + drain.ballots * 0.2
            wait_until(lambda: ask(DELIVERED) > fifth, LONGEST_SECONDS)
            early = sum(resident_mb(worker.pid) for worker in workers if worker.pid)
            all_ = before + drain.ballots
            wait_until(lambda: ask(DELIVERED) == all_, LONGEST_SECONDS)
            wait_until(lambda: not any(map(_backlog, self._servers.redis)), LONGEST_SECONDS)
            wall, machine = time.monotonic() - began, machine_cpu() - machine
            cpu = {name: s - cpu[name] for name, s in self._servers.cpu(workers).items()}
            late = sum(resident_mb(worker.pid) for worker in workers if worker.pid)
            logged = ask(LOGGED) - logged
        self._check(drain)
        total = sum(cpu.values())
        print(
            ROW.format(
                *(rows, f"{drain.changed} %", drain.workers, drain.ballots),
                round(drain.ballots / wall),
                *(f"{seconds / drain.ballots * 1e6:.1f}" for seconds in (*cpu.values(), total)),
                round(logged / drain.ballots),
                f"{(machine - total) / wall:.1f}",
                f"{early:.0f} -> {late:.0f}",
            ),
            flush=True,
        )

    def _fill(self, drain: Drain) -> None:
        if not drain.rows <= self._rows <= drain.rows * 1.25:
            with closing(self._servers.postgres.connect("postgres")) as connection:
                fill_ledger(connection, drain.rows)
            self._rows = self._voters = drain.rows
        for server in self._servers.redis:
            with server.client() as client:
                client.flushall()
            server.open_intake()
            # Other work on the machine may hold up what is written by the megabyte.
            with server.client(timeout=60) as client:
                share = drain.ballots // len(self._servers.redis)
                fill_queue(client, self._voters, share, drain.changed / 100)
                self._voters += share
                # Where Redis has begun one by itself, that will do.
                with suppress(ResponseError):
                    client.bgrewriteaof()
                wait_until(lambda redis=client: not redis.info()["aof_rewrite_in_progress"])  # type: ignore[misc]  # of a default's type
        # Every drain has the same full-page images in its write-ahead log.
        with closing(self._servers.postgres.connect("postgres")) as connection:
            connection.cursor().execute("CHECKPOINT")

    def _check(self, drain: Drain) -> None:
        """All that waited is in the ledger, and the tally is that of its voters."""
        queues = []
        for server in self._servers.redis:
            with server.client() as client:
                queues.append(client.get("queue:id"))
        [(ballots, tally, votes)] = self._servers.postgres.query(BOOKS, queues)
        if ballots != drain.ballots or tally != votes:
            raise SystemExit(f"{drain}: {ballots} ballots, tally {tally}, votes {votes}")
        self._rows += ballots


def _backlog(server: RedisServer) -> int:
    with server.client() as client:
        return int(client.xlen("ballots"))


def drains(options: argparse.Namespace) -> Iterator[Drain]:
    """All that is to be measured, in order."""
    for rows in options.rows:
        size = round(rows * 1_000_000)
        for _ in range(options.rounds):
            for changed in options.changed:
                for workers in options.workers:
                    yield Drain(size, changed, workers, options.ballots)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=float, nargs="+", default=[1], metavar="MILLIONS")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--changed", type=int, nargs="+", default=[0, 10, 50], metavar="PERCENT")
    parser.add_argument("--queues", type=int, default=2)
    parser.add_argument("--ballots", type=int, default=400_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--fillfactor", type=int, metavar="PERCENT")
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE")
    options = parser.parse_args()
    need = max(options.rows) * 1_000_000 * BYTES_A_ROW * 1.5
    free = disk_usage(tempfile.gettempdir()).free
    if free < need:
        raise SystemExit(
            f"{need / 1e9:.0f} GB are needed in {tempfile.gettempdir()}, {free / 1e9:.0f} are free."
        )
    # As Ctrl-C does: everything is cleared away.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="landslide-drain-") as directory:
        servers = Servers(Path(directory), options.queues, options.set)
        try:
            if options.fillfactor:
                change = f"ALTER TABLE votes SET (fillfactor = {options.fillfactor})"
                servers.postgres.query(change)
            bench = Bench(servers)
            print(HEADINGS)
            for drain in drains(options):
                bench.measure(drain)
        finally:
            servers.close()


if __name__ == "__main__":
    main()
