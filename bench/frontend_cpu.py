#!/usr/bin/env python3
"""CPU time that the frontend takes for an acknowledged vote, beside a bare Flask page.

    bench/frontend_cpu.py [ROUNDS [SECONDS]]

The page says hello, on Granian with 8 threads a process. Both get the same votes from wrk (Debian's
package), as browsers send them through the load balancer.
The votes go to a real Redis with the shipped configuration: each is on disk before its receipt.
Each in turn for SECONDS (5), ROUNDS (3) times over, so that what else the machine does meets all.
CPU time is that of the app's processes: Redis's is beside it, wrk's is in neither.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple
from uuid import uuid4

from cost import family_cpu
from redis import Redis

BENCH = Path(__file__).resolve().parent
APPS = BENCH.parent / "apps"
sys.path[:0] = [str(APPS), str(APPS / "frontend")]

from frontend.config import Config  # noqa: E402 (found by the line above)
from frontend.voter import Voter, VoterCookieSigner  # noqa: E402
from testing.internal_tls import directory_of  # noqa: E402
from testing.ports import free_port  # noqa: E402
from testing.postgres_server import POLL  # noqa: E402
from testing.redis_server import RedisServer  # noqa: E402
from testing.waiting import wait_until  # noqa: E402

CONNECTIONS = 64
SERVE = {
    "hello": """
import os
from common.server import serve
from granian.constants import Interfaces
cpus = len(os.sched_getaffinity(0))
options = dict(workers=cpus, blocking_threads=8, backlog=2048, backpressure=2048)
serve("hello:app", Interfaces.WSGI, PORT, 10, **options)
""",
    "ours": "from frontend.__main__ import main; main(PORT)",
}
VOTERS = 10_000


class Result(NamedTuple):
    """What one app did in one round: votes, and CPU time in seconds."""

    acknowledged: int
    seconds: float
    app_cpu: float
    redis_cpu: float

    @property
    def app_us(self) -> float:
        return self.app_cpu / self.acknowledged * 1e6

    @property
    def redis_us(self) -> float:
        return self.redis_cpu / self.acknowledged * 1e6


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@contextmanager
def served(command: list[str], port: int, environ: dict[str, str]) -> Iterator[int]:
    """Run a server; gives the process that the others are children of, once its port is open."""
    process = subprocess.Popen(
        command,
        env=os.environ | environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: listens(port))
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


class Bench:
    """The apps, and the queue that they share."""

    def __init__(self, directory: Path) -> None:
        self.redis = RedisServer(directory)
        self.environ = {
            "NODE_NAME": "frontend01",
            "POLL_FILE": str(directory / "poll.yml"),
            "QUEUE_SOCKET": str(self.redis.socket_path),
            "QUEUE_PASSWORD_FILE": str(self.redis.password_file("frontend")),
            "COOKIE_KEY_FILE": str(directory / "cookie_key"),
            "NEW_VOTER_KEY_FILE": str(directory / "new_voter_key"),
            "EDGE_TOKEN_FILE": str(directory / "edge_token"),
            "ENTRY_KEY_FILE": str(directory / "entry_key"),
            "TEST_TOKEN_FILE": str(directory / "test_token"),
            "TLS_DIRECTORY": str(directory_of("frontend")),
            "EDGE_TOKEN": "the-token-of-the-load-balancer",
            "VOTERS_FILE": str(directory / "voters"),
            "PYTHONPATH": f"{APPS / 'frontend'}:{APPS}:{BENCH}",
        }
        (directory / "poll.yml").write_text(json.dumps(POLL))
        for name in ("cookie_key", "new_voter_key", "entry_key", "test_token"):
            (directory / name).write_text(f"the-{name}-of-this-bench")
        (directory / "edge_token").write_text(self.environ["EDGE_TOKEN"])
        config = Config.from_environ(self.environ)
        signer = VoterCookieSigner(config.cookie_keys)
        signed = (signer.sign(Voter(str(uuid4()))) for _ in range(VOTERS))
        cookies = (f"{signer.name}={value}" for value in signed)
        (directory / "voters").write_text("\n".join(cookies))
        self._accepted = f"2 {config.poll.id} {','.join(sorted(config.poll.keys))}"

    def command(self, name: str, port: int) -> list[str]:
        """What starts an app."""
        return [sys.executable, "-c", SERVE[name].replace("PORT", str(port))]

    def measure(self, name: str, seconds: float) -> Result:
        """Load one app; raises RuntimeError where a vote was refused, or is not in the queue."""
        port = free_port()
        with (
            self.redis.client() as redis,
            served(self.command(name, port), port, self.environ) as server,
        ):
            redis.delete("ballots")
            redis.set("ballots:accepted", self._accepted)
            self.redis.open_intake()
            self.load(port, 1)
            before = redis.xlen("ballots")
            cpu, redis_cpu = family_cpu(server), self.redis_seconds(redis)
            report = self.load(port, seconds)
            cpu, redis_cpu = family_cpu(server) - cpu, self.redis_seconds(redis) - redis_cpu
            stored = redis.xlen("ballots") - before
        if report["refused"] or report["failed"]:
            raise RuntimeError(f"{name}: {report}")
        # wrk leaves at its time's end, without the answers to its last requests; so it did before.
        if name != "hello" and not 0 <= stored - report["acknowledged"] <= 2 * CONNECTIONS:
            raise RuntimeError(
                f"{name}: {stored} votes are stored, {report['acknowledged']} acknowledged"
            )
        return Result(int(report["acknowledged"]), report["seconds"], cpu, redis_cpu)

    def load(self, port: int, seconds: float) -> dict[str, float]:
        """What wrk reports (see votes.lua)."""
        wrk = f"wrk --threads 1 --connections {CONNECTIONS} --duration {seconds}s --timeout 10s"
        done = subprocess.run(
            [*wrk.split(), "--script", str(BENCH / "votes.lua"), f"http://127.0.0.1:{port}/"],
            check=True,
            env=os.environ | self.environ,
            capture_output=True,
            text=True,
            timeout=seconds + 30,
        )
        report: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return report

    @staticmethod
    def redis_seconds(redis: Redis) -> float:
        """Seconds of CPU time that Redis has spent."""
        cpu = redis.info("cpu")
        return float(cpu["used_cpu_user"] + cpu["used_cpu_sys"])


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    results: dict[str, list[Result]] = {"hello": [], "ours": []}
    print("round app       votes  wall s  votes/s   app µs  redis µs")
    with tempfile.TemporaryDirectory(prefix="landslide-bench-") as directory:
        bench = Bench(Path(directory) / "queue")
        bench.redis.start()
        try:
            for number in range(1, rounds + 1):
                for name, found in results.items():
                    result = bench.measure(name, seconds)
                    found.append(result)
                    print(
                        f"{number:>5} {name:<6} {result.acknowledged:>8} {result.seconds:>7.1f} "
                        f"{result.acknowledged / result.seconds:>8.0f} "
                        f"{result.app_us:>8.0f} {result.redis_us:>9.0f}",
                        flush=True,
                    )
        finally:
            bench.redis.kill()
    middle = {name: median(result.app_us for result in found) for name, found in results.items()}
    print(f"app CPU time per acknowledged vote, median of {rounds} rounds:")
    for name, value in middle.items():
        print(f"  {name:<6} {value:>7.0f} µs  {value / middle['hello']:>6.2f} x hello")


if __name__ == "__main__":
    main()
