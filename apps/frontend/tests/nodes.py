"""Frontends with their queues and workers, whose clocks are wrong, and which freeze and thaw."""

import http.client
import os
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from typing import NamedTuple

from frontend.server import process_count
from frontend.voter import VoterCookieSigner
from testing.edge import Edge
from testing.poll import Poll, wait_for_intake
from testing.redis_server import RedisServer
from testing.waiting import wait_until

from .conftest import (
    COOKIE,
    COOKIE_KEY,
    NEW_VOTER_KEY,
    Server,
    cookie_of,
    settings,
    through_edge,
)

FORM = {
    "Host": "votingapp.local",
    "Content-Type": "application/x-www-form-urlencoded",
    # A program, which is not asked about older pages.
    "Accept": "application/json",
}
# Longer than the load balancer waits for a server, three times over.
RETRIED_SECONDS = 45


class Answer(NamedTuple):
    status: int
    cookie: str
    body: bytes


class Node:
    """A frontend with its queue and its worker; `clock` is what faketime makes of the time."""

    def __init__(
        self, name: str, poll: Poll, queue: RedisServer, directory: Path, clock: str
    ) -> None:
        poll.start_worker(queue, f"worker-of-{name}")
        wait_for_intake(queue)
        environment = settings(directory, queue, poll.postgres.poll_file) | {"NODE_NAME": name}
        if clock:
            environment |= {
                # Of Debian's package faketime.
                "LD_PRELOAD": str(next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))),
                "FAKETIME": clock,
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            }
        self.queue = queue
        self.server = Server(environment, directory / f"{name}.log")

    def freeze(self) -> None:
        self._send(SIGSTOP)

    def thaw(self) -> None:
        self._send(SIGCONT)

    def hold_the_queue(self) -> None:
        """Let the queue answer nobody until it is resumed, and store what is sent to it before."""

        def connections() -> int:
            with self.queue.client() as redis:
                return sum(client["user"] == "frontend" for client in redis.client_list())

        def each_process_has_voted() -> bool:
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(lambda _: vote(self.server.port, "b", "", through_edge()), range(8)))
            return connections() == process_count()

        # A connection that is made first would wait for its log-in, with nothing sent.
        wait_until(each_process_has_voted)
        self.queue.pause()

    def _send(self, number: int) -> None:
        for process in descendants(self.server.process.pid):
            # One may have ended since it was found.
            with suppress(ProcessLookupError):
                os.kill(process, number)


def descendants(process: int) -> list[int]:
    """The process and all that it has started."""
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(process)], check=False, capture_output=True, text=True
    )
    children = [descendants(int(child)) for child in found.stdout.split()]
    return [process, *(one for family in children for one in family)]


def vote(port: int, choice: str, cookie: str, headers: dict[str, str] | None = None) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=RETRIED_SECONDS)
    sent = FORM | {"Cookie": f"{COOKIE}={cookie}"} | (headers or {})
    connection.request("POST", "/", body=f"vote={choice}", headers=sent)
    answer = connection.getresponse()
    told = Answer(answer.status, cookie_of(answer.headers) or cookie, answer.read())
    connection.close()
    return told


def new_cookie(edge: Edge) -> str:
    return cookie_of(edge.get()[2])


def voter_of(cookie: str) -> str:
    """The id of the voter whom a cookie names, a frontend's or a load balancer's."""
    voter = VoterCookieSigner([COOKIE_KEY.encode()], [NEW_VOTER_KEY.encode()]).known(cookie)
    assert voter
    return voter.id


class Hanging(threading.Thread):
    """A vote that is not answered for as long as its frontend does not answer.

    Which frontend has it is the load balancer's choice: what does not hang is sent once more.
    """

    def __init__(self, edge: Edge, choice: str, cookie: str) -> None:
        super().__init__(daemon=True)
        self._arguments = (edge.port, choice, cookie)
        self.answer: Answer | None = None
        self.start()
        self.join(0.5)

    def run(self) -> None:
        self.answer = vote(*self._arguments)

    @classmethod
    def begin(cls, edge: Edge, choice: str, cookie: str) -> "Hanging":
        one = cls(edge, choice, cookie)
        return one if one.answer is None else cls(edge, choice, one.answer.cookie)

    def end(self) -> Answer:
        self.join(RETRIED_SECONDS)
        assert self.answer
        return self.answer
