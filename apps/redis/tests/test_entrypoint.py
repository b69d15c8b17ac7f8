"""How the queue starts: with the memory that it is given, and never beside another."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from testing.redis_server import SHIPPED, RedisServer
from testing.waiting import wait_until


@pytest.fixture
def successor(redis_server: RedisServer) -> Iterator[RedisServer]:
    """The node's next container, on the same volumes; not started yet."""
    server = RedisServer(redis_server.directory)
    yield server
    server.kill()


def test_memory_is_what_the_service_says(redis_server: RedisServer) -> None:
    with redis_server.client() as client:
        assert client.config_get("maxmemory") == {"maxmemory": str(256 * 1024**2)}


def test_no_memory_setting_is_no_start(tmp_path: Path) -> None:
    started = subprocess.run(
        [SHIPPED / "entrypoint"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "QUEUE_MARK": str(tmp_path / "in-use")},
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    assert started.returncode != 0
    assert "QUEUE_MAXMEMORY" in started.stderr


def test_the_next_queue_of_a_node_waits_until_the_last_one_has_left(
    redis_server: RedisServer, successor: RedisServer
) -> None:
    redis_server.open_intake()
    with redis_server.client("frontend") as frontend:
        assert frontend.xadd("ballots", {"voter": "v"}, nomkstream=True)
    # Slow to stop, as on a machine with much to do: it is told to, and does not get to it yet.
    redis_server.pause()
    redis_server.tell_to_stop()
    before = written(redis_server)
    successor.launch()
    wait_until(lambda: "waiting for its end" in redis_server.log_path.read_text())
    assert written(redis_server) == before

    redis_server.resume()
    redis_server.stop()
    successor.wait_until_ready()
    with successor.client() as client:
        assert client.xlen("ballots") == 1
    assert redis_server.log_path.read_text().count("Removing the unix socket file") == 1


def test_a_queue_that_waits_for_the_last_one_can_be_told_to_stop(
    redis_server: RedisServer, successor: RedisServer
) -> None:
    successor.launch()
    wait_until(lambda: "waiting for its end" in redis_server.log_path.read_text())
    waiting = subprocess.run(
        ["pgrep", "--parent", str(successor.pid)], capture_output=True, text=True, check=True
    )
    [flock] = waiting.stdout.split()
    successor.tell_to_stop()
    assert successor.end() == 0
    wait_until(lambda: not Path(f"/proc/{flock}").exists())
    with redis_server.client() as client:
        assert client.ping()


def test_a_queue_killed_the_hard_way_keeps_nobody_waiting(
    redis_server: RedisServer, successor: RedisServer
) -> None:
    redis_server.kill()
    successor.start()
    assert "waiting for its end" not in redis_server.log_path.read_text()


def test_a_queue_whose_log_is_gone_does_not_start_as_an_empty_one(
    redis_server: RedisServer,
) -> None:
    redis_server.stop()
    shutil.rmtree(redis_server.directory / "data" / "appendonlydir")
    with pytest.raises(RuntimeError, match="its log is gone: bring the volume back"):
        redis_server.start()
    assert not (redis_server.directory / "data" / "appendonlydir").exists()
    redis_server.mark_path.unlink()
    redis_server.start()


def test_a_first_start_that_failed_is_no_loss(make_redis_server: Callable[[], RedisServer]) -> None:
    server = make_redis_server()
    server.kill()
    data = server.directory / "data" / "appendonlydir"
    # As left by a start that came no further than to its rules, which were missing.
    shutil.rmtree(data)
    data.mkdir()
    server.start()


def written(server: RedisServer) -> dict[str, tuple[int, int]]:
    """The queue's files, with sizes in bytes and times of change in ns; its socket, by inode."""
    files = [path for path in (server.directory / "data").rglob("*") if path.is_file()]
    stats = {path.name: path.stat() for path in files if path.name != "lock"}
    inode = server.socket_path.stat().st_ino
    return {name: (s.st_size, s.st_mtime_ns) for name, s in stats.items()} | {"socket": (0, inode)}
