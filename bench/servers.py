"""Real queues, a real store with the settings of production, and workers as they are shipped."""

import asyncio
import multiprocessing
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from subprocess import run

from cost import family_cpu

APPS = Path(__file__).resolve().parent.parent / "apps"
sys.path[:0] = [str(APPS), str(APPS / "worker")]

from testing.internal_tls import directory_of  # noqa: E402 (found by the above)
from testing.postgres_server import SHIPPED, PostgresServer  # noqa: E402
from testing.redis_server import RedisServer  # noqa: E402
from worker.config import Config  # noqa: E402
from worker.supervisor import Supervisor  # noqa: E402

PROGRAMS = multiprocessing.get_context("spawn")


def work(config: Config, addresses: set[str], go: Event, leave: Event) -> None:
    """Be a worker as it is shipped. Before `go` it finds no queues."""

    async def run() -> None:
        stopping, loop = asyncio.Event(), asyncio.get_running_loop()

        def listen() -> None:
            leave.wait()
            loop.call_soon_threadsafe(stopping.set)

        threading.Thread(target=listen, daemon=True).start()
        await Supervisor(config, lambda _: addresses if go.wait() else set()).run(stopping)

    asyncio.run(run())


class Servers:
    """A store and so many queues, in `directory`; `settings` are NAME=VALUE for Postgres."""

    def __init__(self, directory: Path, queues: int, settings: list[str]) -> None:
        directory.chmod(0o755)
        directory.joinpath("pg").mkdir()
        memory = int(Path("/proc/meminfo").read_text().split()[1]) // 1024
        sizes = run([SHIPPED / "sizes", str(memory)], check=True, capture_output=True, text=True)
        options = [f"--{setting}" for setting in settings]
        self.postgres = PostgresServer(directory / "pg", *sizes.stdout.split(), *options)
        # It is asked again and again while the clock runs.
        self._owner = self.postgres.connect()
        self.redis = [RedisServer(directory / f"redis{number}") for number in range(queues)]
        for number, server in enumerate(self.redis, start=1):
            # One port at several addresses, as the queues of a Swarm have.
            server.host, server.port = f"127.0.0.{number}", self.redis[0].port
            server.start("--maxmemory", "4gb")

    def close(self) -> None:
        self._owner.close()
        for server in self.redis:
            server.kill()
        self.postgres.stop(how=signal.SIGQUIT)

    def ask(self, statement: str) -> int:
        """The one number that the store answers with."""
        with self._owner.cursor() as cursor:
            cursor.execute(statement)
            return int(cursor.fetchone()[0])

    def cpu(self, workers: list[SpawnProcess]) -> dict[str, float]:
        """Seconds of CPU time that each tier has used."""
        return {
            "redis": family_cpu(*(server.pid for server in self.redis)),
            "worker": family_cpu(*(worker.pid for worker in workers if worker.pid)),
            "postgres": family_cpu(self.postgres.pid),
        }

    @contextmanager
    def workers(self, count: int) -> Iterator[tuple[Event, list[SpawnProcess]]]:
        """The processes that will drain, ready and waiting."""
        go, leave = PROGRAMS.Event(), PROGRAMS.Event()
        processes = []
        for number in range(count):
            config = Config.from_environ(
                {
                    "NODE_NAME": f"worker{number:02}",
                    "QUEUE_PORT": str(self.redis[0].port),
                    "QUEUE_PASSWORD_FILE": str(self.redis[0].password_file("worker")),
                    "PGHOST": self.postgres.host,
                    "PGPORT": str(self.postgres.port),
                    "PG_PASSWORD_FILE": str(self.postgres.password_file("worker")),
                    "TLS_DIRECTORY": str(directory_of("worker")),
                }
            )
            addresses = {server.host for server in self.redis}
            arguments = (config, addresses, go, leave)
            process = PROGRAMS.Process(target=work, args=arguments, daemon=True)
            process.start()
            processes.append(process)
        time.sleep(1)  # until they have imported what they need
        yield go, processes
        leave.set()
        for process in processes:
            process.join(30)
            process.kill()
