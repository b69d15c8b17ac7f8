"""The order of a voter's choices is the order in which the load balancer received them.

Whatever hangs, is abandoned, is sent again or thaws in between, and whatever the frontends' clocks
say: two frontends, each with a queue and a worker of its own, behind one load balancer.
"""

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from testing.edge import Edge
from testing.poll import Poll
from testing.redis_server import RedisServer
from testing.waiting import wait_until

from .conftest import COOKIE, SECONDS, balance, through_edge
from .nodes import FORM, Hanging, Node, new_cookie, vote, voter_of


def counted(poll: Poll, cookie: str) -> str:
    """The choice that counts of the voter whom a cookie names."""
    query = "SELECT choice FROM votes WHERE voter = %s"
    [(choice,)] = poll.postgres.query(query, voter_of(cookie))
    return str(choice)


def stored(queue: RedisServer) -> int:
    """Votes that a queue ever had."""
    with queue.client() as redis:
        return int(redis.xinfo_stream("ballots")["entries-added"])


def settle(poll: Poll, nodes: list[Node]) -> None:
    """Wait until all that the queues were ever given is in the ledger."""
    poll.wait_for_entries(sum(stored(node.queue) for node in nodes))
    poll.check()


@pytest.fixture
def clocks() -> tuple[str, str]:
    """What the frontends' clocks say; nothing for the right time."""
    return "", ""


@pytest.fixture
def nodes(
    poll: Poll,
    make_redis_server: Callable[[], RedisServer],
    tmp_path: Path,
    clocks: tuple[str, str],
) -> Iterator[list[Node]]:
    found: list[Node] = []
    try:
        for number, clock in enumerate(clocks, 1):
            name = f"frontend{number:02}"
            found.append(Node(name, poll, make_redis_server(), tmp_path, clock))
        yield found
    finally:
        for node in found:
            node.thaw()
            node.server.stop()


@pytest.fixture
def site(nodes: list[Node], edge: Edge) -> Edge:
    """The load balancer before both."""
    balance(edge, *(node.server for node in nodes))
    return edge


def test_an_impatient_voters_later_choice_counts_when_the_first_is_repeated(
    poll: Poll, nodes: list[Node], site: Edge
) -> None:
    cookie = new_cookie(site)
    nodes[0].freeze()
    request = "\r\n".join(
        [
            "POST / HTTP/1.1",
            *(f"{name}: {value}" for name, value in FORM.items()),
            f"Cookie: {COOKIE}={cookie}",
            "Content-Length: 6",
            "\r\nvote=a",
        ]
    )
    for _ in range(2):
        abandoned = socket.create_connection(("127.0.0.1", site.port), SECONDS)
        abandoned.sendall(request.encode())
        abandoned.settimeout(0.5)
        try:
            abandoned.recv(10)
        except TimeoutError:
            break
        abandoned.close()
    else:
        pytest.fail("no frontend hangs")
    # Browsers end the connection; the load balancer's request goes on all the same.
    abandoned.close()
    before = stored(nodes[1].queue)
    answer = vote(site.port, "b", cookie)
    assert answer.status == 200
    nodes[0].thaw()
    wait_until(lambda: sum(stored(node.queue) for node in nodes) >= before + 2)
    settle(poll, nodes)
    assert counted(poll, cookie) == "b"


def test_what_a_frozen_frontend_still_has_in_hand_changes_nothing(
    poll: Poll, nodes: list[Node], site: Edge
) -> None:
    nodes[0].freeze()
    first = Hanging.begin(site, "a", new_cookie(site))
    # The load balancer asks the other one in the end.
    repeated = first.end()
    assert repeated.status == 200
    changed = vote(site.port, "b", repeated.cookie)
    assert changed.status == 200
    nodes[0].thaw()
    # It may find that nobody waits any more, or store what it has.
    wait_until(lambda: vote(nodes[0].server.port, "a", "", through_edge()).status == 200)
    settle(poll, nodes)
    assert counted(poll, changed.cookie) == "b"


@pytest.mark.parametrize("clocks", [("+20s", "-20s")])
def test_a_frontends_clock_decides_nothing(poll: Poll, nodes: list[Node], site: Edge) -> None:
    began = time.time_ns() // 1000
    cookie = new_cookie(site)
    nodes[0].hold_the_queue()
    first = Hanging.begin(site, "a", cookie)
    repeated = first.end()
    assert repeated.status == 200
    nodes[0].queue.resume()
    for choice in "ab":
        repeated = vote(site.port, choice, repeated.cookie)
        assert repeated.status == 200
    settle(poll, nodes)
    assert counted(poll, repeated.cookie) == "b"
    query = "SELECT cast_us FROM ballots WHERE voter = %s"
    casts = [cast for (cast,) in poll.postgres.query(query, voter_of(cookie))]
    # The first is in both queues.
    assert len(casts) >= 4
    # The load balancer's time has milliseconds.
    assert began - 1000 <= min(casts)
    assert max(casts) <= time.time_ns() // 1000


@pytest.mark.parametrize("clocks", [("@1999-01-01 00:00:00", "@2261-01-01 00:00:00")])
def test_with_a_clock_out_of_range_a_receipt_is_for_a_vote_that_counts(
    poll: Poll, nodes: list[Node], site: Edge
) -> None:
    cookie = new_cookie(site)
    for choice in "abab":
        answer = vote(site.port, choice, cookie)
        assert answer.status == 200
        cookie = answer.cookie
    assert min(stored(node.queue) for node in nodes) > 0
    settle(poll, nodes)
    assert counted(poll, cookie) == "b"
    assert poll.postgres.query("SELECT * FROM rejected") == []


@pytest.mark.parametrize("year", [2000, 2300])
def test_with_a_load_balancer_whose_clock_is_out_of_range_there_is_no_receipt(
    poll: Poll, nodes: list[Node], year: int
) -> None:
    microseconds = (year - 1970) * 31_556_952 * 1_000_000
    refused = vote(nodes[0].server.port, "a", "", through_edge(microseconds))
    assert refused.status == 503
    accepted = vote(nodes[0].server.port, "a", "", through_edge())
    assert accepted.status == 200
    settle(poll, nodes)
    assert poll.postgres.query("SELECT * FROM rejected") == []
    assert counted(poll, accepted.cookie) == "a"


def test_a_repeated_request_is_one_vote_of_one_time(poll: Poll, nodes: list[Node]) -> None:
    """As the load balancer sends it to one frontend, and then to the other one."""
    request = through_edge()
    later = vote(nodes[0].server.port, "a", "", request)
    assert vote(nodes[0].server.port, "b", later.cookie, through_edge()).status == 200
    assert vote(nodes[1].server.port, "a", "", request).status == 200
    settle(poll, nodes)
    assert counted(poll, later.cookie) == "b"
    [(casts,)] = poll.postgres.query("SELECT count(DISTINCT cast_us) FROM ballots")
    assert casts == 2


def test_a_voters_next_vote_is_later_even_by_way_of_a_load_balancer_behind(
    poll: Poll, nodes: list[Node]
) -> None:
    now = time.time_ns() // 1000
    ahead = vote(nodes[0].server.port, "a", "", through_edge(now + 900_000))
    behind = vote(nodes[1].server.port, "b", ahead.cookie, through_edge(now))
    assert (ahead.status, behind.status) == (200, 200)
    settle(poll, nodes)
    assert counted(poll, behind.cookie) == "b"


def test_nobody_is_told_that_a_vote_does_not_count_which_does(
    poll: Poll, nodes: list[Node], site: Edge
) -> None:
    cookie = new_cookie(site)
    # Closing reaches the queues one after the other.
    with nodes[1].queue.client() as redis:
        redis.rename("ballots", "ballots:closed")
    nodes[0].hold_the_queue()
    first = Hanging.begin(site, "a", cookie)
    answer = first.end()
    nodes[0].queue.resume()
    assert answer.status == 403
    assert b"The poll is closed. This vote is not confirmed." in answer.body
    settle(poll, nodes[:1])
    assert counted(poll, cookie) == "a"
