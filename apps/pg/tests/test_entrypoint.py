"""How the store starts: with all it needs on an empty volume, and never beside another."""

import getpass
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from testing.postgres_server import POLL, SHIPPED, free_port, programs
from testing.waiting import wait_until


class Container:
    """One run of the entrypoint on the volume `volume`; files of its own are in `directory`."""

    def __init__(self, volume: Path, directory: Path, user: str, environ: dict[str, str]) -> None:
        self.log_path = directory / "log"
        self._environment = os.environ | {
            "PATH": f"{Path(sys.executable).parent}:{programs()}:{os.environ['PATH']}",
            "PGDATA": str(volume / "data"),
            "PGHOST": str(directory),
            "PGPORT": str(free_port()),
            "PGUSER": "landslide",
            "PGDATABASE": "landslide",
            "PG_MEMORY_MB": "256",
            "PG_SECRETS": str(volume.parent),
            "POLL_FILE": str(volume.parent / "poll.yml"),
            **environ,
        }
        entrypoint = str(volume.parent / "pg" / "entrypoint")
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [entrypoint, "-c", "listen_addresses=127.0.0.1"],
                cwd=directory,
                env=self._environment,
                user=user,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self, text: str) -> bool:
        return text in self.log_path.read_text()

    def psql(self, statement: str) -> str:
        """What a statement of the owner returns, as text; RuntimeError where Postgres is away."""
        command = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]
        answer = subprocess.run(
            [*command, "--command", statement],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode != 0:
            raise RuntimeError(f"{answer.stderr}\n{self.log_path.read_text()}")
        return answer.stdout.strip()

    def wait_until_ready(self) -> None:
        def ready() -> bool:
            assert self.process.poll() is None, self.log_path.read_text()
            probe = [str(programs() / "pg_isready"), "-q"]
            return subprocess.run(probe, env=self._environment, check=False).returncode == 0

        wait_until(ready, 60)

    def end(self) -> None:
        """SIGKILL to all of it, also where it is stopped."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(30)


@pytest.fixture
def run() -> Iterator[Callable[..., Container]]:
    """A function that starts a container, with further environment; all share one volume."""
    # Postgres refuses to run as root: root's runs as nobody, who may not enter tmp_path.
    user = "nobody" if os.getuid() == 0 else getpass.getuser()
    containers: list[Container] = []
    with tempfile.TemporaryDirectory(prefix="landslide-pg-") as name:
        shared = Path(name)
        (shared / "poll.yml").write_text(json.dumps(POLL))
        for role in ("worker", "results", "overview"):
            (shared / f"pg_{role}_password").write_text(f"{role}-test-password")
        shutil.copytree(SHIPPED, shared / "pg", ignore=shutil.ignore_patterns("tests"))
        with (shared / "pg" / "pg_ident.conf").open("a") as ident:
            ident.writelines(f"container {user} {role}\n" for role in ("postgres", "landslide"))
        (shared / "volume").mkdir()
        for path in (shared, *shared.rglob("*")):
            shutil.chown(path, user)

        def start(**environ: str) -> Container:
            directory = shared / f"container{len(containers)}"
            directory.mkdir()
            shutil.chown(directory, user)
            containers.append(Container(shared / "volume", directory, user, environ))
            return containers[-1]

        yield start
        for container in containers:
            container.end()


def test_an_empty_volume_becomes_a_store_and_stays_one(run: Callable[..., Container]) -> None:
    first = run()
    first.wait_until_ready()
    assert first.psql("SHOW data_checksums") == "on"
    first.psql("CREATE TABLE kept ()")
    first.process.send_signal(signal.SIGINT)
    assert first.process.wait(30) == 0

    again = run(PG_FOUNDED="true")
    again.wait_until_ready()
    assert again.psql("SELECT to_regclass('kept')") == "kept"


def test_the_next_store_of_a_node_waits_until_the_last_one_has_left(
    run: Callable[..., Container],
) -> None:
    last = run()
    last.wait_until_ready()
    # Slow to stop, as on a machine with much to do: it is told to, and does not get to it yet.
    last.process.send_signal(signal.SIGSTOP)
    last.process.send_signal(signal.SIGINT)
    following = run()
    wait_until(lambda: following.said("waiting for its end"))
    assert not following.said("database system is ready")

    last.process.send_signal(signal.SIGCONT)
    assert last.process.wait(30) == 0
    following.wait_until_ready()
    assert following.psql("SELECT state FROM poll") == "open"


def test_a_store_that_is_known_to_exist_is_not_founded_again(run: Callable[..., Container]) -> None:
    container = run(PG_FOUNDED="true")
    assert container.process.wait(30) == 1
    assert container.said("its volume is empty: bring the disk back")
    assert not container.said("initdb")
