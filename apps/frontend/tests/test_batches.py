"""Ballots that are written together: all of them are stored and acknowledged, or none is."""

import asyncio
import http.client
import os
from collections.abc import Callable
from random import Random
from signal import SIGKILL
from threading import Thread

import pytest
from frontend.errors import HTTPError, PollClosed, ServiceUnavailable
from frontend.queue_client import QueueClient
from testing.event_loop import event_loop, run
from testing.redis_server import RedisServer
from testing.waiting import wait_until

from .conftest import FORM, IMPATIENT, Server, through_edge
from .voters import Voters, ballot, books, hold, let_go, scripts_run, waits

Ballots = Callable[[], list[dict[str, str]]]


@pytest.fixture
def voters(environ: dict[str, str]) -> Voters:
    return Voters(environ)


def test_what_comes_while_a_batch_is_written_is_the_next_in_the_order_it_came(
    voters: Voters, redis_server: RedisServer, ballots: Ballots
) -> None:
    assert voters.vote(ballot(0)) == [None]
    before = scripts_run(redis_server)
    hold(redis_server)
    voters.send([ballot(1)])
    wait_until(lambda: waits(redis_server))
    # Each third is the same voter's.
    rest = [ballot(number, (number % 3 and None) or 7) for number in range(2, 60)]
    voters.send(rest)
    let_go(redis_server)
    voters.wait()
    assert set(voters.outcomes.values()) == {None}
    stored = [(entry["voter"], int(entry["cast"])) for entry in ballots()]
    assert stored == [(one.voter, one.cast) for one in (ballot(0), ballot(1), *rest)]
    assert books(redis_server) == (list(range(1, 61)), set(), 60)
    assert scripts_run(redis_server) == before + 2


def test_a_voter_who_does_not_wait_any_more_is_stored_and_hinders_nobody(
    voters: Voters, redis_server: RedisServer, ballots: Ballots
) -> None:
    hold(redis_server)
    voters.send([ballot(0)])
    wait_until(lambda: waits(redis_server))
    voters.send([ballot(1), ballot(2), ballot(3)])
    for impatient in (voters.tasks[0], voters.tasks[2]):
        event_loop().call_soon_threadsafe(impatient.cancel)
    let_go(redis_server)
    voters.wait()
    assert voters.outcomes == {ballot(1): None, ballot(3): None}
    assert len(ballots()) == 4


def test_a_connection_that_is_lost_leaves_the_whole_batch_in_doubt(
    voters: Voters, redis_server: RedisServer
) -> None:
    assert voters.vote(ballot(0)) == [None]
    redis_server.pause()
    voters.send_batch([ballot(number) for number in range(1, 20)])
    # These wait behind it.
    voters.send([ballot(number) for number in range(20, 40)])
    redis_server.kill()
    voters.wait()
    lost = list(voters.outcomes.values())[1:]
    assert len(lost) == 39
    assert all(isinstance(outcome, ServiceUnavailable) for outcome in lost)
    redis_server.start()
    assert voters.vote(ballot(40)) == [None]
    # What was never sent has used no number.
    assert books(redis_server) == ([1, 21], set(range(2, 21)), 21)


@IMPATIENT
def test_a_batch_without_an_answer_in_time_is_in_doubt_and_nobody_waits_behind_it(
    voters: Voters, redis_server: RedisServer
) -> None:
    assert voters.vote(ballot(0)) == [None]
    redis_server.pause()
    voters.send_batch([ballot(number) for number in range(1, 20)])
    late = [ballot(number) for number in range(20, 40)]
    assert all(isinstance(outcome, ServiceUnavailable) for outcome in voters.vote(*late))
    assert not any(outcome is None for one, outcome in voters.outcomes.items() if one != ballot(0))
    redis_server.resume()
    # It had come to the queue whole, and is stored when nobody waits any more.
    wait_until(lambda: books(redis_server) == (list(range(1, 21)), set(), 20))
    run(voters.queue.check())
    assert voters.vote(ballot(40)) == [None]
    assert books(redis_server) == (list(range(1, 22)), set(range(2, 21)), 21)


@pytest.mark.parametrize("restarted", [True, False])
def test_a_queue_that_has_forgotten_the_script_is_told_it_again(
    voters: Voters, redis_server: RedisServer, restarted: bool
) -> None:
    first, second = [ballot(n) for n in range(20)], [ballot(n) for n in range(20, 40)]
    assert voters.vote(*first) == [None] * 20
    if restarted:
        redis_server.kill()
        redis_server.start()
        wait_until(lambda: voters.vote(*second) == [None] * 20)
    else:
        with redis_server.client() as redis:
            redis.script_flush()
        assert voters.vote(*second) == [None] * 20
    assert books(redis_server)[::2] == (list(range(1, 41)), 40)


def test_a_queue_with_room_for_a_part_of_a_batch_takes_all_of_it_or_nothing(
    voters: Voters, redis_server: RedisServer
) -> None:
    assert voters.vote(ballot(0)) == [None]
    taken = [0]
    with redis_server.client() as redis:
        for number in range(60):
            # A batch of 50 takes some 10,000 bytes, and several times that while it is read.
            redis.config_set("maxmemory", str(redis.info("memory")["used_memory"] + number * 4000))
            batch = [ballot(50 * number + n) for n in range(1, 51)]
            outcomes = {outcome and type(outcome) for outcome in voters.vote(*batch)}
            taken.append(redis.xlen("ballots") - 1)
            assert taken[-1] - taken[-2] == (50 if outcomes == {None} else 0)
            assert len(outcomes) == 1
    assert 0 < taken[-1] < 3000
    assert books(redis_server) == (list(range(1, taken[-1] + 2)), set(), taken[-1] + 1)


def test_a_poll_that_closes_takes_all_of_a_batch_or_nothing(
    voters: Voters, redis_server: RedisServer
) -> None:
    assert voters.vote(ballot(0)) == [None]
    hold(redis_server)
    voters.send([ballot(1)])
    wait_until(lambda: waits(redis_server))
    voters.send([ballot(number) for number in range(2, 30)])
    with redis_server.client(timeout=30) as redis:
        # It waits behind the first batch.
        closing = Thread(target=redis.rename, args=("ballots", "ballots:closed"))
        closing.start()
        wait_until(lambda: waits(redis_server, 2))
        let_go(redis_server)
        closing.join()
        voters.wait()
        assert redis.xlen("ballots:closed") == 2
    assert voters.outcomes[ballot(1)] is None
    assert all(isinstance(voters.outcomes[ballot(n)], PollClosed) for n in range(2, 30))


@IMPATIENT
def test_what_happens_to_the_queue_loses_no_acknowledged_vote_and_leaves_no_gap(
    voters: Voters, redis_server: RedisServer, ballots: Ballots
) -> None:
    random = Random(16)
    number = 0
    for _ in range(25):
        for _ in range(random.randint(1, 4)):
            size = random.choice((1, 2, 7, 40))
            voters.send([ballot(number + n) for n in range(size)])
            number += size
            run(asyncio.sleep(random.choice((0.0, 0.0, 0.001, 0.01))))
        match random.choice(("kill", "freeze", "forget", "hang up", "nothing")):
            case "kill":
                redis_server.kill()
                redis_server.start()
            case "freeze":
                redis_server.pause()
                run(asyncio.sleep(random.choice((0.1, 0.4))))
                redis_server.resume()
            case "forget":
                with redis_server.client() as redis:
                    redis.script_flush()
            case "hang up":
                with redis_server.client() as redis:
                    redis.client_kill_filter(_type="normal", skipme=True)
    voters.wait()
    assert len(voters.outcomes) == number
    last = ballot(number)
    wait_until(lambda: run(_is_open(voters.queue)) and voters.vote(last) == [None])
    acknowledged = {one.cast for one, outcome in voters.outcomes.items() if outcome is None}
    assert len(acknowledged) > 100
    assert {int(entry["cast"]) for entry in ballots()} >= acknowledged
    stored, noted, witness = books(redis_server)
    assert stored == sorted(set(stored))
    assert set(stored) | noted == set(range(1, witness + 1))
    # What has a receipt is in no doubt.
    doubtful = {int(entry["cast"]) for entry in ballots() if int(entry["seq"]) in noted}
    assert doubtful.isdisjoint(acknowledged)


async def _is_open(queue: QueueClient) -> bool:
    try:
        await queue.check()
    except HTTPError:
        return False
    return True


def cast(server: Server) -> http.client.HTTPConnection:
    """Send a vote, and do not wait."""
    connection = server.connect()
    connection.request("POST", "/", body="vote=a", headers=FORM | through_edge())
    return connection


def test_voters_that_go_while_their_batch_is_written_are_counted(
    server: Server, redis_server: RedisServer, ballots: Ballots
) -> None:
    hold(redis_server)
    connections = [cast(server) for _ in range(20)]
    wait_until(server.has_read_all)
    for gone in connections[::2]:
        gone.close()
    let_go(redis_server)
    for patient in connections[1::2]:
        assert patient.getresponse().status == 200
        patient.close()
    wait_until(lambda: len(ballots()) == 20)


def test_a_process_that_is_killed_with_a_batch_in_flight_has_thanked_nobody_and_left_no_gap(
    server: Server, redis_server: RedisServer, ballots: Ballots
) -> None:
    redis_server.pause()
    connections = [cast(server) for _ in range(20)]
    wait_until(server.has_read_all)
    for process in server.processes():
        os.kill(process, SIGKILL)
    for connection in connections:
        with pytest.raises(ConnectionError):
            connection.getresponse()
        connection.close()
    redis_server.resume()
    # Others take their place, with numbers of their own.
    again = cast(server)
    assert again.getresponse().status == 200
    again.close()
    with redis_server.client() as redis:
        for key in redis.keys("witness:*"):
            boot = key.removeprefix("witness:")
            numbers = [int(entry["seq"]) for entry in ballots() if entry["boot"] == boot]
            assert numbers == list(range(1, int(redis.get(key)) + 1))
