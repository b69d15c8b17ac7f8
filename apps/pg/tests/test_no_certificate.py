"""What does not add up gets no certificate, and is named with queue and number."""

from uuid import uuid4

import pytest
from testing.postgres_server import PostgresServer

from .conftest import REJECTED, ask, certify, report


def test_a_certificate_can_be_made_again_after_a_late_report(closed: PostgresServer) -> None:
    """A worker that was frozen between its look, of before the closing, and its report."""
    first = ask(closed, "certify")
    assert first[0] == 0
    [(queue,)] = closed.query("SELECT queue FROM queues")
    for added, waiting in ((8, 2), (5, 0), (0, 0)):
        assert report(closed, queue, added, left_over=waiting, is_open=True, knew="open") == 8
        assert ask(closed, "drained")[0] == 0
        assert ask(closed, "certify") == first


@pytest.mark.parametrize("shift", ["1 hour", "-1 hour"])
def test_the_store_s_clock_at_closing_says_nothing_of_the_queues(
    closed: PostgresServer, shift: str
) -> None:
    closed.query(f"UPDATE poll SET closed_at = now() + interval '{shift}'")
    assert ask(closed, "drained")[0] == 0
    certify(closed)


def test_a_queue_that_came_back_with_less_is_named(closed: PostgresServer) -> None:
    """It had reported 8: whether 3 are missing or all are in the store, it is not to be trusted."""
    [(queue,)] = closed.query("SELECT queue FROM queues")
    assert report(closed, queue, 5) == 8
    assert report(closed, queue, 5, confirmed=True) == 8
    # What it says later makes up for nothing.
    assert report(closed, queue, 8) == 8
    code, said = ask(closed, "certify")
    assert code == 1
    assert f"Queue {queue} on frontend01 has lost entries: it once reported 3 less" in said
    closed.query("DELETE FROM ballots WHERE entry_seq > 4")
    assert "received 8 entries: 4 are in ballots" in ask(closed, "certify")[1]


def test_a_rejected_entry_of_our_own_making_is_named(closed: PostgresServer) -> None:
    [(queue,)] = closed.query("SELECT queue FROM queues")
    for entry in range(2, 4):
        closed.query(REJECTED, queue, entry, "there is no such choice", True)
    assert report(closed, queue, 10) == 10
    code, said = ask(closed, "certify")
    assert code == 1
    assert (
        f"Queue {queue} on frontend01 gave 2 entries that look like our frontends' own and were "
        "rejected, so their voters may have a receipt: there is no such choice."
    ) in said
    assert "it has other fields" not in said


PLANTED = [
    (
        "a ledger row is gone",
        "DELETE FROM ballots WHERE entry_seq = 7",
        "received 8 entries: 6 are in ballots, 1 in rejected, 0 in backlog. The difference is 1.",
    ),
    (
        "a rejected entry is gone",
        "DELETE FROM rejected",
        "received 8 entries: 7 are in ballots, 0 in rejected, 0 in backlog. The difference is 1.",
    ),
    (
        "a ledger row is added",
        "INSERT INTO ballots SELECT queue, 1, 0, gen_random_uuid(), 'a', 1 FROM queues",
        "The difference is -1.",
    ),
    (
        "an entry waits",
        "UPDATE queues SET waiting = 1, entries_added = entries_added + 1",
        "holds 1 ballots that are not in the store.",
    ),
    (
        "the queue was not seen since it is to be closed",
        "UPDATE queues SET ended = false",
        "has not been seen closed since it is to take no more votes, so it may hold more than the "
        "8 entries that it reported",
    ),
    (
        "the queue lost entries that are in the ledger",
        "UPDATE queues SET shortfall = 2",
        "has lost entries: it once reported 2 less than before",
    ),
    (
        "two entries had one id",
        "INSERT INTO collisions SELECT queue, entry_ms, entry_seq, 'x' FROM ballots LIMIT 2",
        "gave 2 entries under the ids of others that are in the ledger",
    ),
]


@pytest.mark.parametrize(("statement", "sentence"), [case[1:] for case in PLANTED])
def test_a_queue_that_does_not_add_up_is_named(
    closed: PostgresServer, statement: str, sentence: str
) -> None:
    closed.query(statement)
    [(queue,)] = closed.query("SELECT queue FROM queues")
    code, said = ask(closed, "certify")
    assert code == 1
    assert f"Queue {queue} on frontend01 " in said
    assert sentence in said
    assert closed.query("SELECT 1 FROM certificate") == []


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (
            "UPDATE tally SET votes = votes + 1 WHERE choice = 'a'",
            "Choice a has 0 votes by the ledger, 0 in the table votes, and 1 in the tally.",
        ),
        (
            "UPDATE votes SET choice = 'a' WHERE voter = '00000000-0000-0000-0000-000000000003'",
            "Choice b has 3 votes by the ledger, 2 in the table votes, and 2 in the tally.",
        ),
        (
            "UPDATE ballots SET choice = 'a'",
            "Choice a has 4 votes by the ledger, 0 in the table votes, and 0 in the tally.",
        ),
    ],
)
def test_a_choice_that_does_not_add_up_is_named(
    closed: PostgresServer, statement: str, sentence: str
) -> None:
    closed.query(statement)
    code, said = ask(closed, "certify")
    assert code == 1
    assert sentence in said
    assert closed.query("SELECT 1 FROM certificate") == []


def test_entries_of_a_queue_that_nobody_knows_are_named(closed: PostgresServer) -> None:
    stranger = uuid4()
    closed.query(REJECTED, stranger, 0, "why", False)
    code, said = ask(closed, "certify")
    assert code == 1
    assert f"Queue {stranger} is unknown, and the ledger has 1 entries of it." in said
