"""What the queue has taken it keeps, and what it cannot keep it does not take."""

import time
from pathlib import Path

import pytest
import redis
from testing.redis_server import RedisServer


def add(server: RedisServer, count: int = 1) -> None:
    with server.client("frontend") as frontend:
        for number in range(count):
            assert frontend.xadd("ballots", {"number": number}, nomkstream=True)


def stored(server: RedisServer) -> int:
    with server.client() as client:
        return int(client.xlen("ballots"))


def log_of(server: RedisServer) -> Path:
    [log] = (server.directory / "data" / "appendonlydir").glob("*.incr.aof")
    return log


def test_the_settings_that_no_test_can_see_from_outside(redis_server: RedisServer) -> None:
    # What only a power cut tells from `everysec` is in test_disk.py, too.
    with redis_server.client() as client:
        for name, value in {
            "appendonly": "yes",
            "appendfsync": "always",
            "no-appendfsync-on-rewrite": "no",
            "maxmemory-policy": "noeviction",
            "protected-mode": "yes",
            "crash-log-enabled": "no",
            "slowlog-log-slower-than": "-1",
        }.items():
            assert client.config_get(name) == {name: value}


def test_kill_9_loses_nothing(redis_server: RedisServer) -> None:
    redis_server.open_intake()
    add(redis_server, 500)
    redis_server.kill()
    redis_server.start()
    assert stored(redis_server) == 500


def test_stop_loses_nothing(redis_server: RedisServer) -> None:
    redis_server.open_intake()
    add(redis_server, 10)
    redis_server.stop()
    redis_server.start()
    assert stored(redis_server) == 10


def test_a_restart_knows_what_was_delivered_and_what_was_done(redis_server: RedisServer) -> None:
    redis_server.open_intake()
    add(redis_server, 10)
    with redis_server.client("worker") as worker:
        [[_, entries]] = worker.xreadgroup("counters", "worker01", {"ballots": ">"}, count=4)
        done = entries[0][0]
        with worker.pipeline() as both:
            both.xack("ballots", "counters", done)
            both.xdel("ballots", done)
            both.execute()
    redis_server.kill()
    redis_server.start()
    with redis_server.client("worker") as worker:
        [group] = worker.xinfo_groups("ballots")
        assert group["pending"] == 3
        assert group["last-delivered-id"] == entries[-1][0]
        [[_, rest]] = worker.xreadgroup("counters", "worker02", {"ballots": ">"})
        assert len(rest) == 6
        assert worker.xinfo_stream("ballots")["entries-added"] == 10


def test_a_rewritten_log_keeps_ballots_group_and_count(redis_server: RedisServer) -> None:
    redis_server.open_intake()
    add(redis_server, 10)
    with redis_server.client() as client:
        client.xreadgroup("counters", "worker01", {"ballots": ">"}, count=4)
        client.xdel("ballots", client.xrange("ballots", count=1)[0][0])
        client.bgrewriteaof()
        deadline = time.monotonic() + 10
        while client.info("persistence")["aof_rewrite_in_progress"]:
            assert time.monotonic() < deadline
    add(redis_server, 1)
    redis_server.kill()
    redis_server.start()
    with redis_server.client() as client:
        stream, [group] = client.xinfo_stream("ballots"), client.xinfo_groups("ballots")
    assert (stream["entries-added"], stream["length"], group["pending"]) == (11, 10, 4)


def test_a_torn_tail_costs_only_the_entry_that_was_never_acknowledged(
    redis_server: RedisServer,
) -> None:
    redis_server.open_intake()
    add(redis_server, 10)
    redis_server.kill()
    with log_of(redis_server).open("ab") as log:
        log.write(b"*7\r\n$4\r\nXADD\r\n$7\r\nball")
    redis_server.start()
    assert stored(redis_server) == 10


def test_a_log_damaged_in_the_middle_is_not_passed_over(redis_server: RedisServer) -> None:
    redis_server.open_intake()
    add(redis_server, 10)
    redis_server.kill()
    log = log_of(redis_server)
    content = log.read_bytes()
    log.write_bytes(content.replace(b"XADD", b"\0\0\0\0", 1).replace(b"*", b"?", 3))
    with pytest.raises(RuntimeError, match="Bad file format"):
        redis_server.start()


def test_a_full_queue_refuses_votes_but_lets_workers_empty_it(redis_server: RedisServer) -> None:
    redis_server.open_intake()
    add(redis_server, 3)
    with redis_server.client() as client, redis_server.client("worker") as worker:
        client.config_set("maxmemory", "1")
        with pytest.raises(redis.OutOfMemoryError):
            add(redis_server)
        [[_, entries]] = worker.xreadgroup("counters", "worker01", {"ballots": ">"})
        ids = [entry for entry, _ in entries]
        assert worker.xack("ballots", "counters", *ids) == 3
        assert worker.xdel("ballots", *ids) == 3
        client.config_set("maxmemory", "256mb")
    add(redis_server)


def test_no_ballot_is_in_the_log(redis_server: RedisServer) -> None:
    redis_server.open_intake()
    with redis_server.client("frontend") as frontend:
        frontend.xadd("ballots", {"voter": "somebody-in-particular"})
    redis_server.kill()
    redis_server.start()
    assert "somebody" not in redis_server.log_path.read_text()
