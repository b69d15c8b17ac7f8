"""A run: voters arrive, vote, wait or abandon, and come back."""

import asyncio
import heapq
import random
import time
from collections.abc import Iterator
from itertools import count
from typing import NamedTuple, TextIO

from .browser import Browser
from .connection import Connections, Response
from .plan import Plan
from .record import Vote
from .request import Requests

# Those who may vote again: so many browsers, in no order.
KEPT = 1000
# A request times out after that: more than a load balancer takes with all its retries.
PATIENCE_SECONDS = 45
# Where no load balancer lets anybody in, nobody tries again at once.
NOBODY_SECONDS = 0.1
# For how long people wait who do not wait for the answer; and when they press another choice.
ABANDON_SECONDS = 0.03
# A vote that is answered first is none that was in flight: the long wait is for those that hang.
IN_FLIGHT_SECONDS = (0.005, 2.0)
COME_BACK_SECONDS = (0.1, 2.0)
# How often somebody presses again who has an error page, or a connection that broke.
AGAIN = 5


class Press(NamedTuple):
    """What somebody is to do at `due`, of the loop's clock; `tries` is how often it has failed."""

    due: float
    number: int
    browser: Browser
    choice: str
    tries: int


class Run:
    """The votes of a plan, and their record."""

    def __init__(self, plan: Plan, cookies: Iterator[str], record: TextIO) -> None:
        """Take the cookies of new voters, and where a line for each vote is to go."""
        self._profile, self._target, self._choices = plan.profile, plan.target, plan.choices
        self._cookies = cookies
        self._record = record
        self._requests = Requests(plan.target.host)
        ports = {False: plan.target.http_port, True: plan.target.https_port}
        self._connections = Connections(plan.target.host, ports)
        self._left = plan.profile.votes
        self._deadline = 0.0
        self._kept: list[Browser] = []
        self._coming: list[Press] = []
        self._numbers = count()

    async def run(self) -> None:
        """Until all have voted or the time is over; cancelled, what is in hand is in doubt."""
        self._deadline = _now() + self._profile.seconds
        async with asyncio.TaskGroup() as group:
            if self._profile.arrival_rate:
                await self._arrive(group)
            else:
                for _ in range(self._profile.clients):
                    group.create_task(self._vote_on())
        # Who is about to press again has no answer yet: the end of the run is no reason for that.
        while self._coming:
            press = heapq.heappop(self._coming)
            if press.tries:
                await asyncio.sleep(press.due - _now())
                await self._ordinary(press.browser, press.choice, press.tries)

    def _more(self) -> bool:
        return self._left > 0 and _now() < self._deadline

    async def _vote_on(self) -> None:
        while self._more():
            if self._profile.pause:
                await asyncio.sleep(self._profile.pause / 1000)
            if self._more():
                await self._act()

    async def _arrive(self, group: asyncio.TaskGroup) -> None:
        due = _now()
        while self._more():
            group.create_task(self._act())
            due += random.expovariate(self._profile.arrival_rate)
            await asyncio.sleep(due - _now())

    async def _act(self) -> None:
        if self._coming and self._coming[0].due <= _now():
            press = heapq.heappop(self._coming)
            await self._ordinary(press.browser, press.choice, press.tries)
            return
        browser, choice, drawn = (
            self._somebody(),
            random.choice(self._choices),
            random.random(),
        )
        if drawn < self._profile.abandon:
            await self._press(browser, choice, abandoned=True)
            self._come_back(browser, self._other(choice), 0)
        elif drawn < self._profile.abandon + self._profile.in_flight:
            await self._change_in_flight(browser, choice)
        else:
            await self._ordinary(browser, choice, 0)

    async def _ordinary(self, browser: Browser, choice: str, tries: int) -> None:
        if await self._press(browser, choice) or tries == AGAIN:
            self._keep(browser)
        else:
            self._come_back(browser, choice, tries + 1)

    async def _change_in_flight(self, browser: Browser, choice: str) -> None:
        """Press a choice, and another one before the first is answered if it takes that long."""
        other = self._other(choice)
        async with asyncio.TaskGroup() as group:
            first = group.create_task(self._press(browser, choice))
            await asyncio.wait({first}, timeout=random.random() * random.choice(IN_FLIGHT_SECONDS))
            second = group.create_task(self._press(browser, other))
        if second.result():
            self._keep(browser)
        else:
            self._come_back(browser, other, 1)

    async def _press(self, browser: Browser, choice: str, abandoned: bool = False) -> bool:
        """Send a vote and record it; whether there was an answer that is no server's error."""
        self._left -= 1
        https = random.random() < self._profile.https
        fresh = random.random() < self._profile.fresh
        # As browsers do with a name that has several addresses: the next, where one lets nobody in.
        for address in random.sample(self._target.balancers, len(self._target.balancers)):
            try:
                connection = await self._connections.get(address, https, fresh)
                break
            except OSError:
                continue
        else:
            self._note(browser, choice, _clock(), 0, None, "-", False)
            await asyncio.sleep(NOBODY_SECONDS)
            return False
        state = browser.state(https)
        cookies = browser.header(https)
        request = self._requests.vote(choice, state.acknowledged, cookies, https)
        sent, response = _clock(), None
        answer = connection.send(request)
        try:
            if abandoned:
                connection.deafen()
                await asyncio.sleep(random.random() * ABANDON_SECONDS)
            else:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    response = await answer
        except OSError:
            # Broken, or nothing for too long: in doubt.
            pass
        finally:
            self._note(browser, choice, sent, state.last, response, address, abandoned, https)
            if response is None or fresh:
                connection.abandon()
            else:
                self._connections.put(address, https, connection)
        return response is not None and response.status < 500

    def _note(
        self,
        browser: Browser,
        choice: str,
        sent: int,
        known: int,
        response: Response | None,
        address: str,
        abandoned: bool,
        https: bool = False,
    ) -> None:
        status = response.status if response else 0
        cast = 0
        for cookie in response.cookies if response else ():
            said = browser.take(cookie, https)
            if status == 200:
                cast = said.acknowledged
        took = _clock() - sent
        vote = Vote(browser.voter, choice, sent, took, status, cast, known, address, abandoned)
        self._record.write(vote.line())

    def _somebody(self) -> Browser:
        if self._kept and random.random() < self._profile.changed:
            place = random.randrange(len(self._kept))
            self._kept[place], self._kept[-1] = self._kept[-1], self._kept[place]
            return self._kept.pop()
        return Browser(self._target.cookie, next(self._cookies))

    def _keep(self, browser: Browser) -> None:
        if len(self._kept) < KEPT:
            self._kept.append(browser)
        else:
            self._kept[random.randrange(KEPT)] = browser

    def _come_back(self, browser: Browser, choice: str, tries: int) -> None:
        due = _now() + random.uniform(*COME_BACK_SECONDS)
        heapq.heappush(self._coming, Press(due, next(self._numbers), browser, choice, tries))

    def _other(self, choice: str) -> str:
        return random.choice([key for key in self._choices if key != choice])


def _now() -> float:
    return asyncio.get_running_loop().time()


def _clock() -> int:
    return time.time_ns() // 1000
