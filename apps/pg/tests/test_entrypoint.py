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
from contextlib import suppress
from pathlib import Path

import pytest
from testing.failing_io import FailingIo
from testing.internal_tls import directory_of
from testing.ports import free_port
from testing.postgres_server import POLL, SHIPPED, programs, ssl_options
from testing.waiting import wait_until

RECOVERING = "recovering: Postgres replays its log, however long that takes"


class Container:
    """One run of the entrypoint on the volume `volume`; files of its own are in `directory`."""

    def __init__(self, volume: Path, directory: Path, user: str, environ: dict[str, str]) -> None:
        self.log_path = directory / "log"
        self.volume = volume
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
        self._user = user
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [entrypoint, "-c", "listen_addresses=127.0.0.1", *ssl_options(volume.parent)],
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

    def health(self) -> tuple[int, str]:
        """The exit code of the image's health check, and what it says."""
        check = [str(SHIPPED / "healthcheck")]
        done = subprocess.run(
            check, env=self._environment, user=self._user, capture_output=True, text=True
        )
        return done.returncode, done.stdout.strip()

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
        shutil.copytree(directory_of("pg"), shared, dirs_exist_ok=True)
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
    assert following.psql("SELECT state FROM poll") == "waiting"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_store_that_waits_for_the_last_one_can_be_told_to_stop(
    run: Callable[..., Container], how: signal.Signals
) -> None:
    last = run()
    last.wait_until_ready()
    following = run()
    wait_until(lambda: following.said("waiting for its end"))
    following.process.send_signal(how)
    assert following.process.wait(10) == 0
    assert last.psql("SELECT 1") == "1"


@pytest.fixture
def recovering(
    run: Callable[..., Container], failing_io: FailingIo
) -> Iterator[tuple[Container, int]]:
    """A store that replays its log after a power cut, and the id of the process that does it, which
    is held: so slow is a large log on a slow disk."""
    first = run()
    first.wait_until_ready()
    first.psql("CREATE TABLE kept AS SELECT generate_series(1, 20000)")
    first.end()
    startup: list[int] = []

    def is_held() -> bool:
        startup[:] = [pid for pid in processes(again) if is_called(pid, "startup")]
        return any("State:\tT" in Path(f"/proc/{pid}/status").read_text() for pid in startup)

    # Before it replays the log, that process syncs it. No other does until it has ended.
    with failing_io.preloaded("/pg_wal/"), failing_io.failing("stop"):
        # Version 1 waited as long as pg_ctl does by itself, which is a minute.
        again = run(PGCTLTIMEOUT="1")
        wait_until(is_held)
    yield again, startup[0]
    with suppress(ProcessLookupError):
        os.kill(startup[0], signal.SIGKILL)


def processes(container: Container) -> list[int]:
    """The ids of all processes that work on the container's volume."""
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        with suppress(FileNotFoundError, ProcessLookupError):
            if str(link.readlink()).startswith(str(container.volume)):
                found.append(int(link.parent.name))
    return found


def is_called(pid: int, name: str) -> bool:
    """Whether a process is that one of Postgres's."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return f"postgres: {name}" in Path(f"/proc/{pid}/cmdline").read_text()
    return False


def test_a_recovery_takes_as_long_as_it_takes_and_says_so(
    recovering: tuple[Container, int],
) -> None:
    store, startup = recovering
    wait_until(lambda: store.health() == (1, RECOVERING))
    with pytest.raises(subprocess.TimeoutExpired):
        store.process.wait(5)
    assert store.health() == (1, RECOVERING)
    os.kill(startup, signal.SIGCONT)
    store.wait_until_ready()
    assert store.health() == (0, "ready")
    assert store.psql("SELECT count(*) FROM kept") == "20000"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_recovery_ends_as_soon_as_it_is_told_to(
    recovering: tuple[Container, int], how: signal.Signals
) -> None:
    store, startup = recovering
    wait_until(lambda: store.health() == (1, RECOVERING))
    store.process.send_signal(how)
    wait_until(lambda: store.said("received fast shutdown request"))
    os.kill(startup, signal.SIGCONT)
    assert store.process.wait(10) == 0
    assert processes(store) == []
    assert not store.said("database system is ready")
    assert store.health() == (1, "no Postgres answers")


def test_a_process_that_crashes_is_a_start_of_the_container(run: Callable[..., Container]) -> None:
    """Recovery inside a container that has been healthy would be stopped as unhealthy."""
    store = run()
    store.wait_until_ready()
    [checkpointer] = [pid for pid in processes(store) if is_called(pid, "checkpointer")]
    os.kill(checkpointer, signal.SIGKILL)
    assert store.process.wait(20) != 0


def test_a_store_that_is_known_to_exist_is_not_founded_again(run: Callable[..., Container]) -> None:
    container = run(PG_FOUNDED="true")
    assert container.process.wait(30) == 1
    assert container.said("its volume is empty: bring the disk back")
    assert not container.said("initdb")
