#!/usr/bin/env python3
"""How fast ballots get from the queues into the ledger, counted, and what that costs in CPU.

    bench/drain.py [--rows MILLIONS ...] [--workers N ...] [--changed PERCENT ...]
                   [--queues N] [--ballots N] [--rounds N]

Real queues and a real store on this machine, with the settings of production: every XADD and every
commit is on disk before it is answered. A drain begins with all ballots in the queues, after a
checkpoint of the store, and ends with the last one acknowledged; then the ledger is checked.

CPU time (microseconds a ballot) stands beside wall time, which suffers from whatever else the
machine does: "others" is how many cores that took meanwhile. "worker MiB" is what all workers hold
in memory after a fifth of the ballots, and after the last. Changed votes are of voters anywhere in
the ledger. Needs a GB of disk for each million rows, given back at the end.
"""

import argparse
import multiprocessing
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from shutil import disk_usage
from subprocess import run
from typing import NamedTuple

from cost import family_cpu, machine_cpu, resident_mb
from electorate import fill_ledger, fill_queue

APPS = Path(__file__).resolve().parent.parent / "apps"
sys.path[:0] = [str(APPS), str(APPS / "worker")]

from testing.postgres_server import SHIPPED, PostgresServer  # noqa: E402 (found by the above)
from testing.redis_server import RedisServer  # noqa: E402
from testing.waiting import wait_until  # noqa: E402
from worker.config import Config  # noqa: E402
from worker.supervisor import Supervisor  # noqa: E402

LONGEST_SECONDS = 900
BYTES_A_ROW = 800
PROGRAMS = multiprocessing.get_context("spawn")
ROW = "{:>9} {:>8} {:>8} {:>8} {:>9} | {:>6} {:>6} {:>8} {:>6} | {:>6} {:>11}"
HEADINGS = ROW.format(
    *("rows", "changed", "workers", "ballots", "a second"),
    *("redis", "worker", "postgres", "sum", "others", "worker MiB"),
)
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


def work(config: Config, addresses: set[str], go: Event, stopping: Event) -> None:
    """Be a worker as it is shipped. Before `go` it finds no queues."""
    Supervisor(config, lambda _: addresses if go.is_set() else set()).run(stopping.wait)


class Bench:
    """A store and queues of its own, in `directory`."""

    def __init__(self, directory: Path, queues: int) -> None:
        self._directory = directory
        directory.chmod(0o755)
        directory.joinpath("pg").mkdir()
        memory = int(Path("/proc/meminfo").read_text().split()[1]) // 1024
        sizes = run([SHIPPED / "sizes", str(memory)], check=True, capture_output=True, text=True)
        self.postgres = PostgresServer(directory / "pg", *sizes.stdout.split())
        self.redis = [RedisServer(directory / f"redis{number}") for number in range(queues)]
        for number, server in enumerate(self.redis, start=1):
            # One port at several addresses, as the queues of a Swarm have.
            server.host, server.port = f"127.0.0.{number}", self.redis[0].port
            server.start("--maxmemory", "4gb")
        self._rows = self._voters = 0

    def close(self) -> None:
        for server in self.redis:
            server.kill()
        self.postgres.stop(how=signal.SIGQUIT)

    def measure(self, drain: Drain) -> None:
        """Drain, check the ledger, and print a line of figures."""
        self._fill(drain)
        rows = self._rows
        with self._processes(drain) as (go, processes):
            parties = {
                "redis": [server.pid for server in self.redis],
                "worker": [process.pid for process in processes if process.pid],
                "postgres": [self.postgres.pid],
            }
            cpu = {name: sum(map(family_cpu, pids)) for name, pids in parties.items()}
            machine, began = machine_cpu(), time.monotonic()
            go.set()
            wait_until(lambda: self._waiting() < drain.ballots * 0.8, LONGEST_SECONDS)
            early = sum(map(resident_mb, parties["worker"]))
            wait_until(lambda: self._waiting() == 0, LONGEST_SECONDS)
            wall, machine = time.monotonic() - began, machine_cpu() - machine
            cpu = {name: sum(map(family_cpu, pids)) - cpu[name] for name, pids in parties.items()}
            late = sum(map(resident_mb, parties["worker"]))
        self._check(drain)
        total = sum(cpu.values())
        print(
            ROW.format(
                *(rows, f"{drain.changed} %", drain.workers, drain.ballots),
                round(drain.ballots / wall),
                *(f"{seconds / drain.ballots * 1e6:.1f}" for seconds in (*cpu.values(), total)),
                f"{(machine - total) / wall:.1f}",
                f"{early:.0f} -> {late:.0f}",
            ),
            flush=True,
        )

    def _fill(self, drain: Drain) -> None:
        if not drain.rows <= self._rows <= drain.rows * 1.25:
            with closing(self.postgres.connect("postgres")) as connection:
                fill_ledger(connection, drain.rows)
            self._rows = self._voters = drain.rows
        for server in self.redis:
            with server.client() as client:
                client.flushall()
            server.open_intake()
            with server.client() as client:
                share = drain.ballots // len(self.redis)
                fill_queue(client, self._voters, share, drain.changed / 100)
                self._voters += share
                client.bgrewriteaof()
                wait_until(lambda redis=client: not redis.info()["aof_rewrite_in_progress"])  # type: ignore[misc]  # of a default's type
        # Every drain has the same full-page images in its write-ahead log.
        with closing(self.postgres.connect("postgres")) as connection:
            connection.cursor().execute("CHECKPOINT")

    def _waiting(self) -> int:
        waiting = 0
        for server in self.redis:
            with server.client() as client:
                waiting += client.xlen("ballots")
        return waiting

    def _check(self, drain: Drain) -> None:
        """All that waited is in the ledger, and the tally is that of its voters."""
        queues = []
        for server in self.redis:
            with server.client() as client:
                queues.append(client.get("queue:id"))
        [(ballots, tally, votes)] = self.postgres.query(BOOKS, queues)
        if ballots != drain.ballots or tally != votes:
            raise SystemExit(f"{drain}: {ballots} ballots, tally {tally}, votes {votes}")
        self._rows += ballots

    @contextmanager
    def _processes(self, drain: Drain) -> Iterator[tuple[Event, list[SpawnProcess]]]:
        """The processes that will drain, ready and waiting."""
        go, stopping = PROGRAMS.Event(), PROGRAMS.Event()
        processes = []
        for number in range(drain.workers):
            config = Config.from_environ(
                {
                    "NODE_NAME": f"worker{number:02}",
                    "QUEUE_PORT": str(self.redis[0].port),
                    "QUEUE_PASSWORD_FILE": str(self.redis[0].password_file("worker")),
                    "PGHOST": self.postgres.host,
                    "PGPORT": str(self.postgres.port),
                    "PG_PASSWORD_FILE": str(self.postgres.password_file("worker")),
                    "RESOLVE_INTERVAL": "0.05",
                }
            )
            addresses = {server.host for server in self.redis}
            arguments = (config, addresses, go, stopping)
            process = PROGRAMS.Process(target=work, args=arguments, daemon=True)
            process.start()
            processes.append(process)
        time.sleep(1)  # until they have imported what they need
        yield go, processes
        stopping.set()
        for process in processes:
            process.join(30)
            process.kill()


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
        bench = Bench(Path(directory), options.queues)
        try:
            print(HEADINGS)
            for drain in drains(options):
                bench.measure(drain)
        finally:
            bench.close()


if __name__ == "__main__":
    main()
