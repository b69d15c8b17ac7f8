"""What no client should send: it breaks nothing, and only votes are counted."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from frontend.voter import VoterCookieSigner
from testing.edge import Edge
from testing.odd_requests import Ending, Request, draw
from testing.raw_client import FINAL_ANSWER, Line

from .conftest import COOKIE_KEY, Server, balance

REQUESTS = 1500


async def send(port: int, requests: list[Request]) -> list[list[tuple[bytes, bytes]]]:
    """Send them one after the other; status and header lines of the answers to each."""
    line = Line("127.0.0.1", port)
    answers = [FINAL_ANSWER.findall(await line.say(request)) for request in requests]
    line.drop()
    return answers


def test_no_request_breaks_a_frontend(
    server: Server, edge: Edge, ballots: Callable[[], list[dict[str, str]]]
) -> None:
    balance(edge, server)
    signer = VoterCookieSigner([COOKIE_KEY.encode()])
    drawn = [draw(1, number, signer, ["a", "b"]) for number in range(REQUESTS)]
    # Only a load balancer ends what is never finished.
    drawn = [request for request in drawn if request.ending is not Ending.OPEN]
    # In a thread of its own: browsers that other tests have open keep a loop running in this one.
    with ThreadPoolExecutor() as pool:
        answers = pool.submit(asyncio.run, send(edge.port, drawn)).result()
    votes: list[str] = []
    for request, answered in zip(drawn, answers, strict=True):
        assert all(status < b"500" for status, _ in answered), request
        if request.kind == "vote":
            assert [status for status, _ in answered] == [b"200"], request
            votes.append(request.votes[0][0])
    assert len(votes) > REQUESTS / 4
    stored = {ballot["voter"] for ballot in ballots()}
    assert stored >= set(votes)
    assert stored.isdisjoint(voter for request in drawn for voter in request.nobodies)
    assert "Unexpected exit" not in server.log.read_text()
