"""Without an answer from the queue there are no thanks, and when it is back, so are we."""

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from frontend.request import FORM
from testing.redis_server import RedisServer
from testing.waiting import wait_until

from .conftest import IMPATIENT, SOURCE, Browser, Server, last_in, make_app, through_edge

Ballots = Callable[[], list[dict[str, str]]]


def vote(client: FlaskClient) -> int:
    answer = client.post("/", data={"vote": "a", "last": last_in(client.get("/").text) or "0"})
    assert ("<small>Node" in answer.text) == (answer.status_code == 200)
    assert ("Retry-After" in answer.headers) == (answer.status_code == 503)
    return answer.status_code


def health(client: FlaskClient) -> tuple[int, str]:
    answer = client.get("/healthz")
    return answer.status_code, answer.text.strip()


def test_a_killed_queue_is_503_and_then_all_is_well_again(
    client: FlaskClient, redis_server: RedisServer, ballots: Ballots
) -> None:
    assert vote(client) == 200
    redis_server.kill()
    assert vote(client) == 503
    assert health(client)[0] == 503
    redis_server.start()
    assert vote(client) == 200
    assert health(client) == (200, "open")
    assert len(ballots()) == 2


def test_a_node_that_has_lost_its_disk_can_still_say_that_it_takes_no_votes(
    environ: dict[str, str], tmp_path: Path, redis_server: RedisServer
) -> None:
    copy = tmp_path / "source"
    shutil.copytree(SOURCE / "frontend", copy / "frontend")
    shutil.copytree(SOURCE.parent / "common", copy / "common")
    server = Server(environ, tmp_path / "server.log", copy)
    shutil.rmtree(copy)
    redis_server.kill()
    connection = server.connect()
    connection.request("POST", "/", body="vote=a", headers={"Content-Type": FORM} | through_edge())
    status = connection.getresponse().status
    connection.close()
    server.stop()
    assert status == 503


def test_a_restart_between_two_votes_is_not_noticed(
    client: FlaskClient, redis_server: RedisServer, ballots: Ballots
) -> None:
    assert vote(client) == 200
    redis_server.kill()
    redis_server.start()
    assert vote(client) == 200
    assert len(ballots()) == 2


@IMPATIENT
def test_whoever_votes_again_after_a_timeout_is_the_same_voter(
    client: Browser, redis_server: RedisServer, ballots: Ballots
) -> None:
    # A queue that does not know the script yet would ask for it first.
    assert vote(client) == 200
    page = client.get("/")
    redis_server.pause()
    # Without a page in between, which would wait for the queue instead.
    assert client.press(page, "b").status_code == 503
    assert health(client)[0] == 503
    redis_server.resume()
    assert health(client) == (200, "open")
    assert vote(client) == 200
    # The second one had reached the queue, and came to be stored when nobody waited any more.
    assert [ballot["choice"] for ballot in ballots()] == ["a", "b", "a"]
    assert len({ballot["voter"] for ballot in ballots()}) == 1


def test_after_one_timeout_nobody_else_waits_for_the_same(
    environ: dict[str, str], redis_server: RedisServer
) -> None:
    client = make_app(environ | {"QUEUE_TIMEOUT": "3"}).test_client()
    assert vote(client) == 200
    with redis_server.client() as redis:
        before = redis.info("stats")["total_connections_received"]
        redis_server.pause()
        for _ in range(5):
            assert vote(client) == 503
        redis_server.resume()
        # The first one lost its connection, and none of the others tried to make another.
        assert redis.info("stats")["total_connections_received"] == before
    assert health(client) == (200, "open")
    assert vote(client) == 200


def test_a_full_queue_refuses_and_keeps_what_it_has(
    client: FlaskClient, redis_server: RedisServer, ballots: Ballots
) -> None:
    assert vote(client) == 200
    with redis_server.client() as redis:
        redis.config_set("maxmemory", "1")
        assert vote(client) == 503
        status, reason = health(client)
        assert status == 503
        assert "OOM" in reason
        redis.config_set("maxmemory", "256mb")
    assert vote(client) == 200
    assert len(ballots()) == 2


def test_a_closed_poll_is_403_and_the_page_stays_up(
    client: FlaskClient, redis_server: RedisServer
) -> None:
    with redis_server.client("worker") as redis:
        redis.rename("ballots", "ballots:closed")
    assert vote(client) == 403
    assert health(client) == (200, "closed")
    with redis_server.client() as redis:
        assert redis.exists("ballots") == 0
        assert redis.xlen("ballots:closed") == 0


def test_a_queue_that_no_worker_has_opened_yet_is_503(
    client: FlaskClient, redis_server: RedisServer
) -> None:
    with redis_server.client() as redis:
        redis.delete("ballots")
    assert vote(client) == 503
    assert health(client) == (503, "the queue is not open yet")


def test_a_poll_that_is_not_open_yet_has_a_page_and_is_no_outage(
    client: FlaskClient, redis_server: RedisServer
) -> None:
    with redis_server.client() as redis:
        redis.delete("ballots")
        redis.set("ballots:waiting", "1")
    assert health(client) == (200, "waiting")
    wait_until(lambda: "The poll is not open yet." in client.get("/").text)
    assert vote(client) == 503
    redis_server.open_intake()
    assert health(client) == (200, "open")
    assert vote(client) == 200


def test_a_node_that_could_not_take_votes_once_the_poll_opens_is_503(
    client: FlaskClient, redis_server: RedisServer
) -> None:
    with redis_server.client() as redis:
        redis.delete("ballots")
        redis.set("ballots:waiting", "1")
        redis.config_set("maxmemory", "1")
    assert health(client)[0] == 503


def test_asking_for_health_stores_nothing(client: FlaskClient, ballots: Ballots) -> None:
    assert health(client) == (200, "open")
    assert ballots() == []


def test_a_wrong_password_is_503(environ: dict[str, str]) -> None:
    Path(environ["QUEUE_PASSWORD_FILE"]).write_text("some-other-password")
    client = make_app(environ).test_client()
    assert vote(client) == 503
    assert "WRONGPASS" in health(client)[1]


@pytest.mark.parametrize("right", ["evalsha", "xadd", "get"])
def test_rights_that_were_taken_away_are_503(
    client: FlaskClient, redis_server: RedisServer, right: str
) -> None:
    with redis_server.client() as redis:
        redis.execute_command("ACL", "SETUSER", "frontend", f"-{right}")
    assert vote(client) == 503
    status, reason = health(client)
    assert status == 503
    assert "NOPERM" in reason or "can't run this command" in reason


@pytest.mark.parametrize(
    "reply",
    [
        b"-LOADING Redis is loading the dataset in memory\r\n",
        b"-MISCONF Errors writing to the AOF file: No space left on device\r\n",
        b"-READONLY You can't write against a read only replica.\r\n",
        b"?what is this\r\n",
        b"",
    ],
)
def test_whatever_else_it_answers_is_no_thanks(
    environ: dict[str, str], fake_redis: Callable[[bytes], Path], reply: bytes
) -> None:
    socket = str(fake_redis(reply))
    client = make_app(environ | {"QUEUE_SOCKET": socket}).test_client()
    assert vote(client) == 503
    assert vote(client) == 503
    assert health(client)[0] == 503


def test_an_outage_is_two_lines_in_the_log_and_names_no_voter(
    client: FlaskClient, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    redis_server.kill()
    for _ in range(3):
        assert vote(client) == 503
    redis_server.start()
    with caplog.at_level(logging.INFO):
        assert vote(client) == 200
        assert vote(client) == 200
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 2
    assert lines[0].startswith("the queue takes no votes")
    assert lines[1] == "the queue takes votes again"
