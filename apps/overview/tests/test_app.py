"""The overview as operators have it, beside a real queue, worker, store and load balancer."""

import html
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from testing.docker_engine import Engine
from testing.edge import Edge
from testing.poll import Poll, cast, wait_for_intake
from testing.postgres_server import PostgresServer
from testing.redis_server import RedisServer
from testing.waiting import wait_until

from .conftest import PASSWORD, Interlock, Overview, node, service


def text(page: str) -> str:
    """What a reader reads."""
    body = page[page.index("<main>") :]
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", body)).split())


def wait_for(overview: Overview, said: str) -> None:
    try:
        wait_until(lambda: said in text(overview.page()), seconds=40)
    except TimeoutError:
        pytest.fail(f"{said!r} is not in: {text(overview.page())}")


@pytest.mark.parametrize(
    "login", [None, "", "admin", "admin:", f"root:{PASSWORD}", "admin:a", f"admin:{PASSWORD}:"]
)
def test_nobody_sees_anything_without_the_password(overview: Overview, login: str | None) -> None:
    for path in ("/",) if login else ("/", "/static/style.css", "/no/such/page"):
        status, headers, body = overview.ask(path, login)
        assert status == 401
        assert headers["WWW-Authenticate"].startswith("Basic ")
        assert body == "For operators only.\n"


def test_wrong_passwords_are_logged_and_answered_one_by_one(overview: Overview) -> None:
    began = time.monotonic()
    with ThreadPoolExecutor(4) as guessers:
        guesses = [guessers.submit(overview.ask, "/", f"admin:{number}") for number in range(4)]
        # Meanwhile the right one is answered as ever.
        assert overview.ask()[0] == 200
        assert [guess.result()[0] for guess in guesses] == [401] * 4
    assert time.monotonic() - began >= 4
    assert overview.log_path.read_text().count("a log-in from 127.0.0.1 failed") == 4


def test_it_can_only_be_looked_at(overview: Overview) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert overview.ask("/", method=method)[0] == 405
    status, headers, page = overview.ask()
    assert status == 200
    assert headers["Cache-Control"] == "no-store"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "<form" not in page and "style=" not in page


def test_a_system_in_order_is_told_as_such(overview: Overview) -> None:
    for said in (
        "The poll is open.",
        "All healthy.",
        "manager01 manager ready active leader",
        "frontend01 frontend ready active -",
        "redis 2 2 -",
    ):
        wait_for(overview, said)
    page = text(overview.page())
    assert page.index("frontend01") < page.index("frontend02") < page.index("worker01")


def test_votes_are_followed_from_the_queue_to_the_store(
    overview: Overview, poll: Poll, redis_server: RedisServer
) -> None:
    worker = poll.start_worker(redis_server)
    wait_for_intake(redis_server)
    for _ in range(4):
        assert cast(redis_server, "a")
    assert cast(redis_server, "nobody")
    wait_for(overview, "Received by the queues 5 Backlog 0 Ballots stored 4 Rejected 1 Missing 0")
    wait_for(overview, "Stored since the queues were seen 0 Voters 4")
    wait_for(overview, "Replaced by a later ballot 0 Oldest in the backlog - Postgres ")
    wait_for(overview, "frontend01 open 0 - 5 5 0 ")
    wait_for(overview, "1 entry was rejected")
    assert re.search(r"worker01 [0-9-]+ 4 1 ", text(overview.page()))

    # A worker that is stopped in a merge: ballots wait, and get older.
    owner = poll.postgres.connect()
    with owner.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE ballots IN ACCESS EXCLUSIVE MODE")
        assert cast(redis_server, "b")
        wait_until(lambda: poll.postgres.query("SELECT 1 FROM pg_locks WHERE NOT granted"))
        worker.pause()
    owner.close()
    wait_for(overview, "The queue of frontend01 was last seen ")
    worker.resume()
    wait_for(overview, "Ballots stored 5")


@pytest.mark.usefixtures("seen")
def test_a_backlog_is_told_with_its_age(overview: Overview, postgres: PostgresServer) -> None:
    postgres.query(
        "INSERT INTO queues (queue, node, intake_open, entries_added, waiting, oldest_ms, seen_at)"
        " VALUES (gen_random_uuid(), 'frontend01', true, 1234, 1234,"
        " extract(epoch FROM now()) * 1000 - 600000, now())"
    )
    wait_for(overview, "Backlog 1,234")
    wait_for(overview, "Oldest in the backlog 10 min")
    wait_for(overview, "The queue of frontend01 is 60")


@pytest.mark.usefixtures("seen")
def test_figures_of_several_moments_add_up(overview: Overview, postgres: PostgresServer) -> None:
    # Of the first queue 12 were stored since it was seen, of the second 5 are nowhere.
    postgres.query(
        "INSERT INTO queues (queue, node, intake_open, entries_added, waiting) VALUES"
        " (md5('1')::uuid, 'frontend01', true, 1000, 100),"
        " (md5('2')::uuid, 'frontend02', true, 500, 10)"
    )
    postgres.query(
        "INSERT INTO deliveries VALUES (md5('1')::uuid, 'worker worker01', 910, 2),"
        " (md5('2')::uuid, 'worker worker01', 485, 0)"
    )
    # 1500 = 110 + 1395 + 2 + 5 - 12.
    wait_for(
        overview,
        "Received by the queues 1,500 Backlog 110 Ballots stored 1,395 Rejected 2 Missing 5"
        " Stored since the queues were seen 12 ",
    )
    page = text(overview.page())
    assert re.search(r"frontend01 open 100 \S+( s)? 1,000 912 -12 ", page)
    assert re.search(r"frontend02 open 10 \S+( s)? 500 485 5 ", page)
    assert "The queue of frontend02 misses 5:" in page
    assert "The queue of frontend01 misses" not in page


def test_what_no_certificate_can_be_had_with_is_told(
    overview: Overview, postgres: PostgresServer
) -> None:
    postgres.query(
        "INSERT INTO queues (queue, node, intake_open, entries_added, shortfall)"
        " VALUES (md5('1')::uuid, 'frontend01', true, 100, 7)"
    )
    postgres.query("INSERT INTO collisions VALUES (md5('1')::uuid, 1, 1, 'x')")
    postgres.query(
        "INSERT INTO rejected (queue, entry_ms, entry_seq, reason, own)"
        " VALUES (md5('1')::uuid, 1, 1, 'x', true), (md5('1')::uuid, 1, 2, 'x', false)"
    )
    wait_for(overview, "The queue of frontend01 has lost 7 entries: it once reported")
    wait_for(overview, "1 entry was found under the id of another one")
    wait_for(overview, "2 entries were rejected: ")
    wait_for(overview, "1 entry was rejected that may be votes with a receipt")


def test_clocks_of_queues_and_of_the_store_are_not_hidden(
    overview: Overview, postgres: PostgresServer
) -> None:
    postgres.query(
        "INSERT INTO queues (queue, node, intake_open, entries_added, waiting, oldest_ms, seen_at)"
        " VALUES (gen_random_uuid(), 'frontend01', true, 2, 2,"
        " extract(epoch FROM now()) * 1000 + 600000, now() + interval '1 hour')"
    )
    wait_for(overview, "The queue of frontend01 has a clock that is at least 59")
    wait_for(overview, "The queue of frontend01 was last seen 3,59")


def test_a_load_balancers_clock_is_told(
    overview: Overview, running: Edge, interlock: Interlock
) -> None:
    name = f"The load balancer 127.0.0.1:{running.metrics_port}"
    wait_for(overview, f"127.0.0.1:{running.metrics_port} serving -0.01 s ")
    interlock.metrics.clock_offset_seconds = -3.25
    wait_for(overview, f"{name} serves with a clock that is 3.2 s ahead of the managers'.")
    interlock.metrics.draining = 1
    wait_for(overview, f"{name} drains: its clock is 3.2 s")
    wait_for(overview, f"127.0.0.1:{running.metrics_port} draining +3.25 s ")
    interlock.metrics.draining = interlock.metrics.clock_known = 0
    wait_for(overview, f"{name} cannot check its clock")
    interlock.metrics.configuration_valid = 0
    wait_for(overview, f"{name} runs its last good configuration")
    assert "connections" not in text(overview.page())
    interlock.metrics.tracked_connections_limit = 262_144
    interlock.metrics.tracked_connections = 240_000
    wait_for(overview, f"{name} tracks 92% of the connections that its kernel has room for")


def test_a_queue_before_the_poll_opens_is_no_trouble(
    overview: Overview, postgres: PostgresServer
) -> None:
    postgres.query("UPDATE poll SET state = 'waiting', opened_at = NULL")
    postgres.query(
        "INSERT INTO queues (queue, seen_at) VALUES (gen_random_uuid(), now() - interval '1 hour')"
    )
    wait_for(overview, "(no vote yet) closed 0 - 0 0 0 60 min ago")
    assert "All healthy." in text(overview.page())


def test_ballots_that_are_neither_in_the_queue_nor_in_the_store_are_told(
    overview: Overview, postgres: PostgresServer
) -> None:
    postgres.query(
        "INSERT INTO queues (queue, node, intake_open, entries_added, waiting)"
        " VALUES (gen_random_uuid(), 'frontend01', true, 12, 3)"
    )
    wait_for(overview, "The queue of frontend01 misses 9: they have left it")


def test_what_the_load_balancer_refused_is_counted(overview: Overview, running: Edge) -> None:
    for _ in range(3):
        assert running.get()[0] == 200
    assert running.get(method="POST", body=b"x" * 9000)[0] == 413
    wait_until(
        lambda: re.search(r"127\.0\.0\.1:\d+ serving -0\.01 s \d+ 1 0 0 ", text(overview.page()))
    )


def test_what_is_down_is_told(overview: Overview, swarm: Engine) -> None:
    swarm.nodes[1] = node("frontend02", Status={"State": "down"})
    swarm.nodes[0] = node("worker01", Spec={"Availability": "drain"})
    swarm.services[0] = service("redis", 1, 2)
    swarm.services[1] = service("frontend", 2, 2) | {"UpdateStatus": {"State": "rollback_paused"}}
    for said in (
        "Node frontend02 is down.",
        "Node worker01 gets no work: its availability is drain.",
        "Service redis runs 1 of 2 tasks.",
        "The latest update of frontend: rollback paused.",
    ):
        wait_for(overview, said)


def test_what_does_not_answer_is_told_and_the_last_figures_stay(
    overview: Overview, postgres: PostgresServer, swarm: Engine, running: Edge
) -> None:
    swarm.broken = True
    postgres.kill()
    running.server.kill()
    for name in ("The store", "The Swarm", "The load balancer 127.0.0.1:"):
        wait_for(overview, name)
    wait_for(overview, "its figures are ")
    assert "frontend02" in overview.page()
    assert overview.up()
    postgres.start()
    swarm.broken = False
    wait_until(lambda: "The Swarm does not answer" not in text(overview.page()))
    wait_until(lambda: "The store does not answer" not in text(overview.page()))


def test_a_poll_title_is_escaped(overview: Overview, postgres: PostgresServer) -> None:
    postgres.query("UPDATE poll SET title = '<b>&'")
    wait_until(lambda: "&lt;b&gt;&amp;" in overview.page())
    postgres.prepare()


def test_no_password_is_in_the_log(overview: Overview, tmp_path: Path) -> None:
    overview.ask(login="admin:guess")
    overview.process.send_signal(signal.SIGTERM)
    assert overview.process.wait(8) == 0
    log = (tmp_path / "overview.log").read_text()
    assert PASSWORD not in log and "guess" not in log
