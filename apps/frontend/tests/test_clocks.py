"""Machines whose clocks are wrong, and jump, while voters change their minds."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest
from frontend.voter import VoterCookieSigner
from testing.poll import Poll, wait_for_intake
from testing.redis_server import RedisServer

from .conftest import COOKIE, COOKIE_KEY, Server, cookie_of, settings, through_edge

HOUR = 3600
VOTERS, VOTES, VOTES_A_JUMP = 40, 600, 20
FORM = {
    "Content-Type": "application/x-www-form-urlencoded",
    # A program, which is not asked about older pages.
    "Accept": "application/json",
}


class Machine:
    """A frontend whose clock can be set, and its queue, with a worker of its own.

    The queue's clock stays right: its memory allocator and the library that sets clocks shut each
    other out. It does not matter to the count, for the frontend says when a vote was cast.
    """

    def __init__(self, name: str, poll: Poll, queue: RedisServer, directory: Path) -> None:
        self._clock = directory / f"{name}.clock"
        self.jump(0)
        poll.start_worker(queue, f"worker-of-{name}")
        wait_for_intake(queue)
        environment = settings(directory, queue, poll.postgres.poll_file) | {
            "NODE_NAME": name,
            # Of Debian's package faketime.
            "LD_PRELOAD": str(next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))),
            "FAKETIME_TIMESTAMP_FILE": str(self._clock),
            "FAKETIME_NO_CACHE": "1",
            # A clock that is set does not change how long a second takes.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        self.server = Server(environment, directory / f"{name}.log")

    def jump(self, hours: int) -> None:
        """Set the clock to this many hours off."""
        # In one step: it is read at any moment.
        new = self._clock.with_suffix(".new")
        new.write_text(f"{hours * HOUR:+d}")
        new.rename(self._clock)

    def vote(self, choice: str, cookie: str) -> str:
        """Vote as the owner of the cookie, or as somebody new without one; return the new one."""
        connection = self.server.connect()
        headers = FORM | through_edge() | ({"Cookie": f"{COOKIE}={cookie}"} if cookie else {})
        connection.request("POST", "/", body=f"vote={choice}", headers=headers)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        assert answer.status == 200
        return cookie_of(answer.headers)


@pytest.fixture
def machines(
    poll: Poll, make_redis_server: Callable[[], RedisServer], tmp_path: Path
) -> Iterator[list[Machine]]:
    found: list[Machine] = []
    with ExitStack() as ending:
        for name in ("frontend01", "frontend02"):
            found.append(Machine(name, poll, make_redis_server(), tmp_path))
            ending.callback(found[-1].server.stop)
        yield found


def test_the_latest_choice_counts_whatever_the_clocks_say(
    poll: Poll, machines: list[Machine]
) -> None:
    began = time.time()
    random = Random(5)
    cookies = [""] * VOTERS
    latest = [""] * VOTERS
    for number in range(VOTES):
        if number % VOTES_A_JUMP == 0:
            random.choice(machines).jump(random.choice((-1, 0, 1)))
        voter, choice = random.randrange(VOTERS), random.choice("ab")
        cookies[voter] = random.choice(machines).vote(choice, cookies[voter])
        latest[voter] = choice
    poll.wait_for_entries(VOTES)

    known = VoterCookieSigner([COOKIE_KEY.encode()]).known
    counted = dict(poll.postgres.query("SELECT voter::text, choice FROM votes"))
    voters = [voter.id for voter in map(known, cookies) if voter]
    assert counted == dict(zip(voters, latest, strict=True))
    poll.check()
    # No clock of a frontend's is in any of them.
    ((earliest, newest),) = poll.postgres.query(
        "SELECT min(cast_us) / 1000000, max(cast_us) / 1000000 FROM ballots"
    )
    assert began - 1 <= earliest <= newest <= time.time() + 1
