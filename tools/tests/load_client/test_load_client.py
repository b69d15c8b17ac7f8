"""The load client before real load balancers and frontends, with a real ledger behind them."""

import json
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from testing.poll import cast
from testing.waiting import wait_until

from .conftest import BALANCERS, Load, System

MANY = 100_000
# Microseconds.
CLOCK_LAG = 1_000_000


def test_every_vote_is_sent_recorded_and_counted_once(
    system: System, load: Callable[..., Load]
) -> None:
    # It was there before, and is no part of what is compared.
    cast(system.nodes[0].queue, "a")
    wait_until(lambda: system.poll.ballots() == 1)
    run = load(system, 1003, changed=0.3)
    said = run.finish()

    verdict = run.verdict()
    assert verdict.clean
    assert (verdict.sent, verdict.acknowledged) == (1003, 1003)
    assert (verdict.extra, verdict.ambiguous) == (0, 0)
    assert 550 < verdict.voters < 850
    assert min(json.loads(said).values()) > 0
    for vote in run.votes():
        # The edge's time lies between the client's two, or after the last vote. HAProxy reads the
        # clock once for all that it does in a round of its loop, in which it may wait for the CPU.
        assert vote.sent - CLOCK_LAG <= vote.cast <= vote.sent + vote.took or (
            vote.cast == vote.known + 1
        )


def test_people_who_give_up_or_change_their_minds_are_counted_right(
    system: System, load: Callable[..., Load]
) -> None:
    shares = {"abandon": 0.1, "in_flight": 0.1, "fresh": 0.5, "https": 0.5}
    run = load(system, 3000, changed=0.3, pause=5, **shares)
    run.finish()

    verdict = run.verdict()
    assert verdict.clean, verdict
    assert (verdict.refused, verdict.in_doubt, verdict.asked) == (0, 0, 0)
    assert 200 < verdict.abandoned < 400
    # Who pressed twice at a time.
    assert 10 < verdict.ambiguous < 600
    votes = run.votes()
    assert Counter(vote.balancer for vote in votes).keys() == set(BALANCERS)
    # People who gave up have come back, and chosen otherwise.
    left = {vote.voter: vote for vote in votes if vote.abandoned}
    again = [v for v in votes if v.voter in left and v.sent > left[v.voter].sent]
    assert len(again) > verdict.abandoned / 2
    system.poll.check()


def test_in_an_open_loop_votes_come_whoever_is_answered(
    system: System, load: Callable[..., Load]
) -> None:
    system.nodes[0].signal(signal.SIGSTOP)
    system.nodes[1].signal(signal.SIGSTOP)
    run = load(system, 400, arrival_rate=200)
    # Nobody is answered, and more are sent than by eight clients who wait for that.
    wait_until(lambda: _connections(system.edge.port) > 100)
    assert run.sent() == 0
    for node in system.nodes:
        node.signal(signal.SIGCONT)
    run.finish()

    assert run.verdict().clean
    votes = run.votes()
    assert 1e6 < votes[399].sent - votes[0].sent < 4e6


def _connections(port: int) -> int:
    """How many ends of connections to or from a port this machine has."""
    return sum(f":{port:04X} " in line for line in Path("/proc/net/tcp").read_text().splitlines())


def test_the_next_address_is_taken_where_one_lets_nobody_in(
    system: System, load: Callable[..., Load]
) -> None:
    run = load(system, 300, target={"balancers": ["127.0.0.3", *BALANCERS]}, fresh=1, https=0.5)
    run.finish()

    assert run.verdict().acknowledged == 300
    assert {vote.balancer for vote in run.votes()} == set(BALANCERS)


def test_who_reaches_nobody_is_on_record_and_presses_again(
    system: System, load: Callable[..., Load]
) -> None:
    run = load(system, MANY, seconds=1, clients=2, target={"balancers": ["127.0.0.3"]})
    run.finish()

    votes = run.votes()
    assert votes
    assert all(vote.in_doubt and vote.balancer == "-" for vote in votes)
    assert max(Counter(vote.voter for vote in votes).values()) > 1


def test_a_run_ends_with_its_time_and_leaves_nothing_in_doubt(
    system: System, load: Callable[..., Load]
) -> None:
    run = load(system, MANY, seconds=1)
    run.finish()
    votes = run.votes()

    assert 0 < len(votes) < MANY
    assert all(vote.acknowledged for vote in votes)
    assert votes[-1].sent - votes[0].sent < 2e6


def test_clients_pause_before_each_vote(system: System, load: Callable[..., Load]) -> None:
    run = load(system, 40, changed=0.5, pause=100)
    run.finish()
    votes = run.votes()

    assert len(votes) == 40
    assert all(vote.acknowledged for vote in votes)
    # Whatever the machine does beside it: nobody sends a second vote before the pause is over.
    assert votes[-1].sent - votes[0].sent > 4 * 100_000


def test_interrupted_it_keeps_what_it_has(system: System, load: Callable[..., Load]) -> None:
    run = load(system, MANY)
    wait_until(lambda: run.sent() > 200)
    run.process.send_signal(signal.SIGINT)
    run.finish(seconds=5)

    verdict = run.verdict()
    assert verdict.clean
    assert verdict.acknowledged > 200
    assert verdict.in_doubt <= 8


def test_refusals_are_recorded_as_such(system: System, load: Callable[..., Load]) -> None:
    run = load(system, MANY, seconds=4)
    wait_until(lambda: run.sent() > 200)
    down = time.time() * 1e6
    for node in system.nodes:
        node.queue.kill()
    wait_until(lambda: any(vote.status == 503 for vote in run.votes()))
    for node in system.nodes:
        node.queue.start()
    run.finish()

    verdict = run.verdict()
    assert verdict.refused > 0
    assert verdict.clean
    votes = run.votes()
    assert all(vote.acknowledged for vote in votes if vote.sent + vote.took < down)
    # Whoever was shown an error has pressed again, and has a receipt now.
    refused = {vote.voter for vote in votes if vote.status == 503}
    assert refused <= {vote.voter for vote in votes if vote.acknowledged}


def test_a_lost_vote_would_be_seen(system: System, load: Callable[..., Load]) -> None:
    run = load(system, 200)
    run.finish()
    assert run.verdict().clean
    voter = run.votes()[0].voter
    for table in ("ballots", "votes"):
        system.poll.postgres.query(f"DELETE FROM {table} WHERE voter = %s", voter)

    assert run.verdict().lost == 1
