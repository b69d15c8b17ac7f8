"""Two frontends and their queues behind a load balancer, a ledger, and people who vote."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from frontend.server import process_count
from interlock.labels import Labels
from interlock.topology import Server, Service
from landslide_tools.load.lab import BALLOTS, COUNTED, NEXT
from landslide_tools.load.order import Order
from landslide_tools.load.verdict import Ballot, Counted, Verdict, compare
from landslide_tools.load.voters import new_voter, write_voters
from landslide_tools.load_client.plan import LoadProfile, Plan, Target
from landslide_tools.load_client.record import Vote, read, written
from testing.edge import Edge
from testing.internal_tls import directory_of
from testing.poll import Poll, wait_for_intake
from testing.ports import free_port
from testing.redis_server import RedisServer
from testing.waiting import wait_until

ROOT = Path(__file__).parents[3]
SECRETS = {
    "COOKIE_KEY_FILE": "a-cookie-key-for-tests",
    "NEW_VOTER_KEY_FILE": "a-new-voter-key-for-tests",
    "EDGE_TOKEN_FILE": "an-edge-token-for-tests",
    "ENTRY_KEY_FILE": "an-entry-key-for-tests",
    "TEST_TOKEN_FILE": "a-test-token-for-tests",
}
# Both are this machine's: a load balancer that is reached by two addresses of one name.
BALANCERS = ["127.0.0.1", "127.0.0.2"]
# As roles/frontend has them.
LABELS = Labels(
    hosts=("votingapp.local",),
    health_check="/healthz",
    default=True,
    health_check_interval=500,
    max_connections=500,
)


class Node:
    """A frontend, its queue, and a worker for that."""

    def __init__(
        self, name: str, poll: Poll, queue: RedisServer, directory: Path, **extra: str
    ) -> None:
        self.name, self.queue = name, queue
        poll.start_worker(queue, f"worker-of-{name}")
        wait_for_intake(queue)
        for setting, secret in SECRETS.items():
            (directory / setting).write_text(secret)
        self.port = free_port()
        log = directory / f"{name}.log"
        environment = {
            **{setting: str(directory / setting) for setting in SECRETS},
            "NODE_NAME": name,
            "POLL_FILE": str(poll.postgres.poll_file),
            "QUEUE_SOCKET": str(queue.socket_path),
            "QUEUE_PASSWORD_FILE": str(queue.password_file("frontend")),
            "TLS_DIRECTORY": str(directory_of("frontend")),
            "PYTHONPATH": f"{ROOT / 'apps' / 'frontend'}:{ROOT / 'apps'}",
        }
        start = f"from frontend.__main__ import main; main(port={self.port})"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-c", start],
                env=os.environ | environment | extra,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        processes = process_count()
        wait_until(lambda: log.read_text().count(" serves") == processes)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to all of its processes."""
        os.killpg(self._process.pid, number)

    def stop(self) -> None:
        self.signal(signal.SIGCONT)
        self._process.terminate()
        self._process.wait(20)


class System:
    """All of it."""

    def __init__(self, edge: Edge, poll: Poll, nodes: list[Node]) -> None:
        self.edge, self.poll, self.nodes = edge, poll, nodes
        binds = {
            name: ",".join(f"{address}:{port}" for address in BALANCERS)
            for name, port in (("http_bind", edge.port), ("https_bind", edge.https_port))
        }
        edge.change(
            edge_token=SECRETS["EDGE_TOKEN_FILE"],
            new_voter_key=SECRETS["NEW_VOTER_KEY_FILE"],
            **binds,
        )
        servers = tuple(
            Server(node.name, "127.0.0.1", node.port, internal_tls=True) for node in nodes
        )
        service = Service("frontend", LABELS, servers)
        edge.begin(service)
        wait_until(lambda: edge.get()[0] == 200)


@pytest.fixture
def make_system(
    edge: Edge, poll: Poll, make_redis_server: Callable[[], RedisServer], tmp_path: Path
) -> Iterator[Callable[..., System]]:
    """A function that starts two frontends, the first with settings of its own."""
    with ExitStack() as ending:

        def make(**first: str) -> System:
            nodes = []
            for name, extra in (("frontend01", first), ("frontend02", {})):
                nodes.append(Node(name, poll, make_redis_server(), tmp_path, **extra))
                ending.callback(nodes[-1].stop)
            return System(edge, poll, nodes)

        yield make


@pytest.fixture
def system(make_system: Callable[..., System]) -> System:
    return make_system()


class Load:
    """A run of the load client, and what came of it."""

    def __init__(
        self, system: System, directory: Path, profile: LoadProfile, **target: Any
    ) -> None:
        directory.mkdir()
        self.directory = directory
        key = SECRETS["COOKIE_KEY_FILE"].encode()
        write_voters(directory / "voters", (new_voter() for _ in range(profile.votes)), key)
        ports = {"http_port": system.edge.port, "https_port": system.edge.https_port}
        where = replace(Target(BALANCERS, "voter-any"), **ports, **target)
        Plan(profile, where, ["a", "b"]).write(directory / "plan.json")
        self._query = system.poll.postgres.query
        ((self._since,),) = self._query(NEXT)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "landslide_tools.load_client", str(directory)],
            env=os.environ | {"PYTHONPATH": str(ROOT / "tools")},
            stdout=subprocess.PIPE,
            text=True,
        )

    def sent(self) -> int:
        """How many votes are on record so far."""
        return written(self.directory / "record")

    def finish(self, seconds: float = 60) -> str:
        """Wait until the client has ended; return what it says."""
        said = self.process.communicate(timeout=seconds)[0]
        assert self.process.returncode == 0
        return said

    def votes(self) -> list[Vote]:
        return read(self.directory / "record")

    def verdict(self, **order: Any) -> Verdict:
        """What the ledger says, once nothing waits."""
        now = self._query("SELECT clock_timestamp()")[0][0]
        lag = "SELECT waiting, seen_at > %s FROM lag"
        wait_until(lambda: self._query(lag, now) == [(0, True)])
        return compare(
            self.votes(),
            [Ballot(*row) for row in self._query(BALLOTS.format(since=self._since))],
            [Counted(*row) for row in self._query(COUNTED.format(since=self._since))],
            Order(**order),
        )


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Callable[..., Load]]:
    """A function that starts a run before a system, by default of eight clients for 30 seconds."""
    runs: list[Load] = []

    def start(system: System, votes: int, target: dict[str, Any] | None = None, **how: Any) -> Load:
        profile = LoadProfile(votes, **{"seconds": 30, "clients": 8} | how)
        directory = tmp_path / f"load-{len(runs)}"
        runs.append(Load(system, directory, profile, **target or {}))
        return runs[-1]

    yield start
    for run in runs:
        run.process.kill()
        run.process.communicate()
