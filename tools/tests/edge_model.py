"""A small model of people, load balancers, frontends and queues, right or with a planted bug.

It has no network and no clock: a run is drawn by Hypothesis, one moment after the other. What it
knows and a load client does not (when a load balancer received a vote) is what the judge is
compared with.
"""

from enum import Enum, auto
from typing import NamedTuple

from hypothesis import strategies as st
from landslide_tools.load.verdict import Ballot, Counted
from landslide_tools.load_client.record import Vote

START = 1_790_000_000_000_000
MILLISECOND = 1000
SKEW = 50
# How far a load balancer's clock may be off, and how long it may take to read what was sent.
OFF = READING = SKEW * MILLISECOND // 4
CHOICES = "abc"


class Bug(Enum):
    """What may be wrong with a system."""

    NONE = auto()
    FRONTENDS_CLOCK = auto()  # the cast time is what the frontend's clock says
    CAST_ANEW = auto()  # a repeated request has a cast time of its own
    FORGETFUL = auto()  # what the cookie knows is not looked at
    TWO_VOTERS = auto()  # by the second scheme somebody else is voting
    LOSES = auto()  # a receipt without an entry
    TWICE = auto()  # an entry that is stored under two queues


class Outcome(NamedTuple):
    """What a run leaves behind."""

    votes: list[Vote]
    ledger: list[Ballot]
    counted: list[Counted]
    wrong: set[str]
    """Voters for whom something counts that the edge received before a vote with a receipt."""


class _System:
    def __init__(self, draw, bug: Bug) -> None:
        self._draw, self._bug = draw, bug
        self._clocks = [draw(st.integers(-OFF, OFF)) for _ in range(2)]
        self._frontends = [draw(st.integers(-30_000, 30_000)) * MILLISECOND for _ in range(2)]
        self.ledger: list[Ballot] = []
        self.received: dict[tuple[str, str, int], int] = {}

    def vote(self, voter: str, choice: str, sent: int, known: int, balancer: int):
        """Take a vote: when the load balancer received it, when the answer was there, its cast."""
        received = sent + self._draw(st.integers(0, READING))
        stamp = (received + self._clocks[balancer]) // MILLISECOND * MILLISECOND
        at, cast = received, 0
        for attempt in range(self._draw(st.integers(1, 3))):
            # The one before hung, or died, with or without the entry.
            at += self._draw(st.sampled_from([1, 20, 10_000])) * MILLISECOND
            frontend = self._draw(st.integers(0, 1))
            before = cast
            cast = max(self._stamp(stamp, attempt, at, frontend), self._known(known) + 1)
            if before and self._bug not in (Bug.CAST_ANEW, Bug.FRONTENDS_CLOCK):
                assert cast == before
            last = stored = self._draw(st.booleans())
            if stored:
                self._store(voter, choice, cast, received)
        if not last and self._draw(st.booleans()):
            return at, 0
        if not last and self._bug is not Bug.LOSES:
            self._store(voter, choice, cast, received)
        return at, cast

    def _stamp(self, stamp: int, attempt: int, at: int, frontend: int) -> int:
        if self._bug is Bug.FRONTENDS_CLOCK:
            return at + self._frontends[frontend]
        return at if self._bug is Bug.CAST_ANEW and attempt else stamp

    def _known(self, known: int) -> int:
        return 0 if self._bug is Bug.FORGETFUL else known

    def _store(self, voter: str, choice: str, cast: int, received: int) -> None:
        entry = f"writer {len(self.ledger)}"
        self.ledger.append(Ballot(voter, choice, cast, cast, entry))
        key = voter, choice, cast
        self.received[key] = max(received, self.received.get(key, 0))
        if self._bug is Bug.TWICE:
            self.ledger.append(self.ledger[-1])


@st.composite
def runs(draw, bug: Bug = Bug.NONE) -> Outcome:
    """What a system with this bug makes of people who wait, give up, and change their minds."""
    system = _System(draw, bug)
    votes: list[Vote] = []
    for number in range(draw(st.integers(1, 3))):
        name, other = f"voter{number}", f"voter{number} by HTTP"
        now, known = START + draw(st.integers(0, 1000)) * MILLISECOND, 0
        # Answers that are on their way: when they are there, and what the cookie then knows.
        coming: list[tuple[int, int]] = []
        for _ in range(draw(st.integers(1, 5))):
            for at, cast in sorted(coming):
                if at <= now:
                    known = cast
                    coming.remove((at, cast))
            choice, balancer = draw(st.sampled_from(CHOICES)), draw(st.integers(0, 1))
            https = draw(st.booleans())
            voter = name if https or bug is not Bug.TWO_VOTERS else other
            end, cast = system.vote(voter, choice, now, known, balancer)
            took, status = end - now, 200 if cast else 503
            abandoned = draw(st.booleans()) and draw(st.booleans())
            if abandoned:
                took, status, cast = draw(st.integers(0, 30)) * MILLISECOND, 0, 0
            votes.append(
                Vote(name, choice, now, took, status, cast, known, str(balancer), abandoned)
            )
            if cast:
                coming.append((end, cast))
            # At once, while that is under way; or after it; or long after.
            now += draw(st.sampled_from([0, 3, 60, 200, 20_000])) * MILLISECOND
            if not abandoned and draw(st.booleans()):
                now = max(now, end)
    counted = count(system.ledger)
    return Outcome(votes, system.ledger, counted, _wrong(votes, counted, system.received))


def count(ledger: list[Ballot]) -> list[Counted]:
    """What counts for each voter: the latest ballot."""
    last: dict[str, tuple[int, str]] = {}
    for ballot in ledger:
        last[ballot.voter] = max(last.get(ballot.voter, (0, "")), (ballot.cast, ballot.choice))
    return [Counted(voter, choice, cast) for voter, (cast, choice) in last.items()]


def _wrong(votes, counted, received) -> set[str]:
    """Whom the system has wronged, as only the model knows."""
    wrong = set()
    for voter, choice, cast in counted:
        mine = received[voter, choice, cast]
        receipts = [(v.voter, v.choice, v.cast) for v in votes if v.cast and v.voter == voter]
        if any(received.get(receipt, 0) > mine for receipt in receipts):
            wrong.add(voter)
    return wrong
