"""The overview as a process, beside a real store, a swarm-api and a load balancer."""

import base64
import http.client
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from common.internal_tls import InternalTLS
from interlock.metrics import Metrics, serve
from testing.docker_engine import Engine
from testing.edge import Edge
from testing.internal_tls import directory_of
from testing.ports import free_port
from testing.postgres_server import PostgresServer
from testing.swarm_api import SwarmApi
from testing.waiting import wait_until

PASSWORD = "overview test password"
TLS = InternalTLS.from_environ({"TLS_DIRECTORY": str(directory_of("overview"))})


class Overview:
    """`python -m overview` on a port of its own."""

    def __init__(self, environment: dict[str, str], log_path: Path) -> None:
        self.port = free_port()
        self.log_path = log_path
        with log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "overview", str(self.port)],
                cwd=Path(__file__).parents[1],
                env=os.environ | environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> None:
        """End it at once, with Granian's worker, which would outlive its parent."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def ask(
        self, path: str = "/", login: str | None = f"admin:{PASSWORD}", method: str = "GET"
    ) -> tuple[int, http.client.HTTPMessage, str]:
        """Status, headers and body; raises OSError where nobody listens."""
        headers = {}
        if login is not None:
            headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=30, context=TLS.client
        )
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        answer = response.status, response.headers, response.read().decode()
        connection.close()
        return answer

    def page(self) -> str:
        return self.ask()[2]

    def up(self) -> bool:
        try:
            return self.ask("/healthz", login=None)[0] == 200
        except (OSError, http.client.HTTPException):
            return False


def node(name: str, **more: Any) -> dict[str, Any]:
    """A node as the engine lists it."""
    return {
        "ID": name,
        "Spec": {"Availability": "active", "Labels": {"tier": name.rstrip("0123456789")}},
        "Description": {"Hostname": name},
        "Status": {"State": "ready", "Addr": "127.0.0.1"},
    } | more


def service(name: str, running: int, wanted: int) -> dict[str, Any]:
    """A service as the engine lists it with its status."""
    status = {"RunningTasks": running, "DesiredTasks": wanted}
    return {"ID": name, "Spec": {"Name": name}, "ServiceStatus": status}


@pytest.fixture
def swarm(engine: Engine) -> Engine:
    """An engine of a whole system: every node is ready, every service runs."""
    leader = {"ManagerStatus": {"Leader": True, "Reachability": "reachable"}}
    engine.nodes[:] = [
        node("worker01"),
        node("frontend02"),
        node("frontend01"),
        node("manager01", **leader),
        node("store01"),
        node("worker02"),
    ]
    for name, tasks in [("redis", 2), ("frontend", 2), ("pg", 1), ("worker", 2)]:
        engine.services.append(service(name, tasks, tasks))
    return engine


@dataclass
class Interlock:
    """Stands for a load balancer's Interlock: its metrics, as it serves them at `port`."""

    metrics: Metrics
    port: int


@pytest.fixture
def interlock() -> Iterator[Interlock]:
    """One whose clock is right, and whose HAProxy serves."""
    metrics = Metrics(clock_known=1, clock_offset_seconds=0.01, serving=1)
    port = free_port()
    server = serve(metrics, f"127.0.0.1:{port}")
    yield Interlock(metrics, port)
    server.shutdown()
    server.server_close()


@pytest.fixture
def environment(
    postgres: PostgresServer,
    swarm: Engine,
    swarm_api: SwarmApi,
    running: Edge,
    interlock: Interlock,
    tmp_path: Path,
) -> dict[str, str]:
    password_file = tmp_path / "overview_password"
    password_file.write_text(f"{PASSWORD}\n")
    return {
        "NODE_NAME": "store01",
        "PASSWORD_FILE": str(password_file),
        "SWARM_API": f"127.0.0.1:{free_port()},127.0.0.1:{swarm_api.port}",
        "TLS_CA": str(swarm_api.directory / "ca.crt"),
        "TLS_CERT": str(swarm_api.directory / "overview.crt"),
        "TLS_KEY": str(swarm_api.directory / "overview.key"),
        "HAPROXY_METRICS": f"127.0.0.1:{running.metrics_port}",
        "INTERLOCK_METRICS": f"127.0.0.1:{interlock.port}",
        "PGHOST": postgres.host,
        "PGPORT": str(postgres.port),
        "PG_PASSWORD_FILE": str(postgres.password_file("overview")),
        "TLS_DIRECTORY": str(directory_of("overview")),
    }


@pytest.fixture
def seen(postgres: PostgresServer) -> Iterator[None]:
    """Workers who see all queues all the time, whatever is in them."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.3):
            postgres.query("UPDATE queues SET seen_at = now() WHERE node IS DISTINCT FROM 'away'")

    looking = threading.Thread(target=look)
    looking.start()
    yield
    over.set()
    looking.join()


@pytest.fixture
def overview(environment: dict[str, str], tmp_path: Path) -> Iterator[Overview]:
    """The app, once it has seen everything."""
    app = Overview(environment, tmp_path / "overview.log")
    wait_until(app.up)
    wait_until(lambda: all(word in app.page() for word in ("frontend02", "Rejected", "127.0.0.1")))
    yield app
    app.kill()
