#!/usr/bin/env python3
"""What a crowd of viewers of the results costs: queries to the store, and the app's memory.

    bench/viewers.py [VIEWERS [SECONDS]]

A real Postgres with the shipped configuration, the results app as it is shipped, and VIEWERS (1000)
open event streams, each of which takes SECONDS (30) of a poll whose tally changes every second.
Then how fast the page is with a tally of 20 votes, and with 20 million and a full history of
minutes; and which tables the app's one query reads.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from urllib.request import urlopen

from cost import resident_mb

BENCH = Path(__file__).resolve().parent
APPS = BENCH.parent / "apps"
sys.path[:0] = [str(APPS), str(APPS / "results")]

from results.store import READ  # noqa: E402 (found by the line above)
from testing.postgres_server import PostgresServer, free_port  # noqa: E402
from testing.waiting import wait_until  # noqa: E402

PAGES = 300
HISTORY = """
    INSERT INTO minutes SELECT date_trunc('minute', now()) - n * interval '1 minute', 1, '1 second'
    FROM generate_series(1, 43200) AS n
"""


class Results:
    """`python -m results` beside a store."""

    def __init__(self, postgres: PostgresServer, log: Path) -> None:
        self.port = free_port()
        environment = os.environ | {
            "NODE_NAME": "store01",
            "POLL_FILE": str(postgres.poll_file),
            "PGHOST": postgres.host,
            "PGPORT": str(postgres.port),
            "PG_PASSWORD_FILE": str(postgres.password_file("results")),
            "PYTHONPATH": str(APPS),
        }
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "results", str(self.port)],
                cwd=APPS / "results",
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        wait_until(self.healthy)

    def healthy(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def memory(self) -> float:
        """MiB in use by the app's processes: the server's, and that of its one worker."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return sum(map(resident_mb, (self.process.pid, *map(int, children.split()))))

    def milliseconds(self, path: str) -> float:
        """How long an answer takes, median of PAGES."""
        times = []
        for _ in range(PAGES):
            began = time.perf_counter()
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                answer.read()
            times.append(1000 * (time.perf_counter() - began))
        return median(times)


def queries(postgres: PostgresServer) -> int:
    """What the role `results` has asked so far."""
    return len(re.findall(r" results LOG:  statement:", postgres.log_path.read_text()))


async def view(port: int, events: list[int], number: int) -> None:
    """Hold a stream open, and count its events until cancelled."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"GET /events HTTP/1.1\r\nHost: results\r\n\r\n")
        while line := await reader.readline():
            events[number] += line == b"data: <ol>\n"
    finally:
        writer.close()


async def crowd(postgres: PostgresServer, results: Results, viewers: int, seconds: int) -> None:
    """Let them watch, and print what that costs each fifth of the time."""
    events = [0] * viewers
    print(f"{results.memory():6.1f} MiB without viewers")
    tasks = [asyncio.create_task(view(results.port, events, n)) for n in range(viewers)]
    while not all(events):
        await asyncio.sleep(0.1)
    asked, began = queries(postgres), time.monotonic()
    for second in range(1, seconds + 1):
        await asyncio.to_thread(postgres.query, "UPDATE tally SET votes = votes + 1")
        await asyncio.sleep(began + second - time.monotonic())
        if second % (seconds // 5) == 0:
            rate = (queries(postgres) - asked) / (time.monotonic() - began)
            print(
                f"{results.memory():6.1f} MiB with {viewers:,} viewers after {second} s; "
                f"{rate:.2f} queries/s; events had by each: {min(events)} to {max(events)}"
            )
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def relations(plan: object) -> set[str]:
    """The tables that a plan of EXPLAIN (FORMAT JSON) reads."""
    return set(re.findall(r'"Relation Name": "(\w+)"', json.dumps(plan)))


def main(viewers: int = 1000, seconds: int = 30) -> None:
    with tempfile.TemporaryDirectory(prefix="landslide-viewers-") as directory:
        (Path(directory) / "pg").mkdir()
        Path(directory).chmod(0o755)
        postgres = PostgresServer(Path(directory) / "pg")
        postgres.query("UPDATE poll SET state = 'open', opened_at = now()")
        superuser = postgres.connect("postgres")
        with superuser.cursor() as cursor:
            cursor.execute("ALTER ROLE results SET log_statement = 'all'")
        results = Results(postgres, Path(directory) / "results.log")
        try:
            asyncio.run(crowd(postgres, results, viewers, seconds))
            for votes, history in ((10, ""), (10_000_000, HISTORY)):
                postgres.query(
                    f"UPDATE tally SET votes = {votes} WHERE choice <> 'test'; {history}"
                )
                wait_until(lambda: f'"total": {2 * votes},' in api(results))  # noqa: B023 (called in this turn)
                page, took = results.milliseconds("/"), results.milliseconds("/api/results")
                print(f"{2 * votes:>10,} votes: page {page:.2f} ms, /api/results {took:.2f} ms")
            plan = postgres.query(f"EXPLAIN (ANALYZE, FORMAT JSON) {READ}")[0][0]
            print(f"the query reads {', '.join(sorted(relations(plan)))}")
            print(f"and takes {plan[0]['Execution Time']:.2f} ms in the store")
        finally:
            superuser.close()
            results.process.terminate()
            results.process.wait(10)
            postgres.stop()


def api(results: Results) -> str:
    with urlopen(f"http://127.0.0.1:{results.port}/api/results", timeout=5) as answer:
        return str(answer.read().decode())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
