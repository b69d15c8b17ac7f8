"""Which of a voter's votes is the last is told where that is certain, and nowhere else."""

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from landslide_tools.load.order import Order, Standing
from landslide_tools.load.verdict import compare
from landslide_tools.load_client.record import Vote

from .edge_model import MILLISECOND, SKEW, START, Bug, Outcome, runs

ONE, TWO = "192.0.2.12", "192.0.2.13"


def vote(choice: str, sent: int, took: int = 2, **what) -> Vote:
    """A vote with times in milliseconds since the start; with a receipt where `cast` is one."""
    cast = what.pop("cast", 0)
    known = what.pop("known", 0)
    return Vote(
        **{"voter": "v", "choice": choice, "balancer": ONE, "status": 200 if cast else 0} | what,
        sent=START + sent * MILLISECOND,
        took=took * MILLISECOND,
        cast=START + cast * MILLISECOND if cast else 0,
        known=START + known * MILLISECOND if known else 0,
    )


A, B = vote("a", 1, cast=1), vote("b", 10, cast=10, known=1)


@pytest.mark.parametrize(
    ("one", "other", "before"),
    [
        # The cookie knew of it: as near in time as can be.
        (A, B, True),
        (B, A, False),
        # Sent before that was answered, and knew of another one of the same millisecond.
        (vote("a", 1, took=5, cast=1), vote("b", 4, cast=4, known=1), False),
        # Answered before, but the cookie did not know: another load balancer may be behind.
        (A, vote("b", 10, cast=10, balancer=TWO), False),
        (A, vote("b", 52, cast=52, balancer=TWO), True),
        # Under way while the other one was sent.
        (vote("a", 1, took=8000, cast=1), vote("b", 40, cast=40), False),
        (vote("a", 1, took=8000, cast=1), vote("b", 52, cast=52), True),
        # Nobody waited for the answer.
        (vote("a", 1, abandoned=True), vote("b", 51, cast=51), False),
        (vote("a", 1, abandoned=True), vote("b", 52, cast=52), True),
    ],
)
def test_what_was_sent_clearly_later_was_received_later(one, other, before):
    assert Order(skew=50).before(one, other) is before


@pytest.mark.parametrize("stopped", [ONE, TWO])
def test_of_a_load_balancer_that_was_stopped_only_the_cookie_tells(stopped):
    order = Order(unsure=[stopped])
    late = vote("b", 9000, cast=9000, balancer=TWO)

    assert Order(skew=50).before(vote("a", 1, abandoned=True), late)
    assert not order.before(vote("a", 1, abandoned=True), late)
    assert order.before(A, late._replace(known=A.cast))


def test_the_skew_is_what_it_is_said_to_be():
    late = vote("b", 200, cast=200)

    assert not Order(skew=1000).before(vote("a", 1), late)
    assert Order(skew=100).before(vote("a", 1), late)


LATE_A = vote("a", 500, abandoned=True)


@pytest.mark.parametrize(
    ("counts", "votes", "standing"),
    [
        (B, [A, B], Standing.RIGHT),
        (A, [A, B], Standing.STALE),
        (A, [A], Standing.RIGHT),
        # In doubt, and later: it may count or not.
        (LATE_A, [B, LATE_A], Standing.RIGHT),
        (B, [B, LATE_A], Standing.RIGHT),
        # Abandoned, and older than what was acknowledged.
        (vote("a", 1, abandoned=True), [vote("a", 1, abandoned=True), LATE_A._replace(
            choice="b", cast=START, abandoned=False, status=200)], Standing.STALE),
        # Abandoned a moment before.
        (vote("a", 9), [vote("a", 9, abandoned=True), B], Standing.AMBIGUOUS),
        # Both have a receipt, and overlap.
        (A, [A, B._replace(known=0)], Standing.AMBIGUOUS),
        (B, [A, B._replace(known=0)], Standing.AMBIGUOUS),
        # One of two that have no receipt: which of them is not known.
        (LATE_A, [vote("a", 1), B, LATE_A], Standing.AMBIGUOUS),
        # It has a receipt of an earlier time: cast once more, on its way.
        (A._replace(cast=A.cast + 10**6), [A, B], Standing.STALE),
        (vote("c", 5, cast=5), [A, B], Standing.UNKNOWN),
        # Who was asked has not voted.
        (LATE_A, [B, LATE_A._replace(status=409, abandoned=False)], Standing.UNKNOWN),
    ],
)  # fmt: skip
def test_what_counts_has_its_standing(counts, votes, standing):
    assert Order(skew=50).standing(counts.choice, counts.cast, votes) is standing


@given(runs())
def test_a_system_that_is_right_is_never_called_wrong(run: Outcome):
    verdict = compare(run.votes, run.ledger, run.counted, Order(SKEW))

    assert verdict.clean, verdict
    assert verdict.sent == len(run.votes)
    assert verdict.acknowledged + verdict.extra == len(run.ledger)
    # Whom the edge's own clocks have wronged is among those who cannot be told.
    assert verdict.ambiguous >= len(run.wrong)


@pytest.mark.parametrize(
    ("bug", "shows"),
    [
        (Bug.FRONTENDS_CLOCK, "stale"),
        (Bug.CAST_ANEW, "stale"),
        (Bug.CAST_ANEW, "ghosts"),
        (Bug.FORGETFUL, "stale"),
        (Bug.TWO_VOTERS, "ghosts"),
        (Bug.TWO_VOTERS, "lost"),
        (Bug.LOSES, "lost"),
        (Bug.TWICE, "doubled"),
    ],
)
def test_a_planted_bug_is_found(bug: Bug, shows: str):
    # Any example will do: none is made smaller.
    patient = settings(
        max_examples=20_000,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    found = find(
        runs(bug),
        lambda run: getattr(compare(run.votes, run.ledger, run.counted, Order(SKEW)), shows) > 0,
        settings=patient,
    )
    assert found
