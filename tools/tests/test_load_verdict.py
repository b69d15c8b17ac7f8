"""Comparing what was told with what was counted finds whatever is wrong, and no more."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from landslide_tools.load.verdict import Ballot, Counted, compare
from landslide_tools.load_client.record import Vote

from .edge_model import START, count, runs

LATER = 10**9
KINDS = ("acknowledged", "refused", "in_doubt", "abandoned", "asked")


def faults(sent, ledger, counted):
    verdict = compare(sent, ledger, counted)
    found = {name: getattr(verdict, name) for name in ("lost", "doubled", "ghosts", "stale")}
    assert verdict.clean == (not any(found.values()))
    return {name: number for name, number in found.items() if number}


@given(runs())
def test_nothing_is_found_where_nothing_is_wrong(run):
    verdict = compare(run.votes, run.ledger, run.counted)

    assert faults(run.votes, run.ledger, run.counted) == {}
    assert verdict.sent == len(run.votes) == sum(getattr(verdict, kind) for kind in KINDS)
    assert verdict.acknowledged + verdict.extra == len(run.ledger)
    assert verdict.voters == len(run.counted)


@given(runs(), st.data())
def test_a_lost_vote_is_found(run, data):
    receipts = {(vote.voter, vote.choice, vote.cast) for vote in run.votes if vote.acknowledged}
    assume(receipts)
    gone = data.draw(st.sampled_from(sorted(receipts)))
    ledger = [ballot for ballot in run.ledger if ballot[:3] != gone]

    assert faults(run.votes, ledger, count(ledger))["lost"] >= 1


@given(runs(), st.data())
def test_a_voter_with_a_receipt_for_whom_nothing_counts_has_lost_the_vote(run, data):
    voters = {vote.voter for vote in run.votes if vote.acknowledged}
    assume(voters)
    gone = data.draw(st.sampled_from(sorted(voters)))
    counted = [row for row in run.counted if row.voter != gone]

    assert faults(run.votes, run.ledger, counted) == {"lost": 1}


@given(runs(), st.data())
def test_a_ballot_that_was_stored_under_another_choice_is_lost_too(run, data):
    acknowledged = [index for index, vote in enumerate(run.votes) if vote.acknowledged]
    assume(acknowledged)
    index = data.draw(st.sampled_from(acknowledged))
    run.votes[index] = run.votes[index]._replace(choice="other")

    assert faults(run.votes, run.ledger, run.counted)["lost"] == 1


@given(runs(), st.data())
def test_what_is_counted_twice_is_found(run, data):
    assume(run.ledger)
    again = data.draw(st.sampled_from(run.ledger))
    other = data.draw(st.sampled_from(run.counted))

    assert faults(run.votes, [*run.ledger, again], run.counted) == {"doubled": 1}
    assert faults(run.votes, run.ledger, [*run.counted, other]) == {"doubled": 1}


def test_what_the_load_balancer_repeats_is_not_counted_twice():
    vote = Vote("v", "a", START, 1, 200, START)
    ledger = [Ballot("v", "a", START, START, entry) for entry in ("one 1", "two 1")]

    assert faults([vote], ledger, count(ledger)) == {}
    assert compare([vote], ledger, count(ledger)).extra == 1
    # Of version 1.0.0, which counted no entries, nothing was repeated so.
    old = [ballot._replace(entry="") for ballot in ledger]
    assert faults([vote], old, count(old)) == {"doubled": 1}


@given(runs(), st.sampled_from(["nobody", "voter1"]))
def test_a_ghost_is_found(run, voter):
    ledger = [*run.ledger, Ballot(voter, "never chosen", START, START, "another 1")]

    assert faults(run.votes, ledger, count(ledger))["ghosts"] == 1


@pytest.mark.parametrize(
    "votes",
    [
        [Vote("v", "a", START, 1, 200, START)],
        [Vote("v", "a", START, 1, 200, START), Vote("v", "a", START + LATER, 1, 409, 0)],
    ],
)
def test_a_vote_that_was_cast_once_more_on_its_way_is_a_ghost(votes):
    ledger = [Ballot("v", "a", cast, cast, str(cast)) for cast in (START, START + LATER)]

    assert faults(votes, ledger, count(ledger)) == {"ghosts": 1}


@given(runs(), st.data())
def test_a_voter_for_whom_an_older_choice_counts_is_found(run, data):
    told = Vote("somebody", "b", START + LATER, 1, 200, START + LATER, START + LATER - 1)
    older = data.draw(st.sampled_from([START + LATER - 1, START]))
    sent = [*run.votes, told._replace(choice="a", cast=older, sent=older, known=0), told]
    mine = [
        Ballot("somebody", choice, cast, LATER) for choice, cast in (("a", older), ("b", told.cast))
    ]
    ledger = run.ledger + mine
    right = count(ledger)
    wrong = [row for row in right if row.voter != "somebody"] + [Counted("somebody", "a", older)]

    assert "stale" not in faults(sent, ledger, right)
    assert faults(sent, ledger, wrong)["stale"] == 1


def test_a_browser_that_becomes_somebody_else_is_found():
    # By the second scheme its cookie was not looked at: its receipt is another voter's.
    votes = [Vote("v", "a", START, 1, 200, START), Vote("v", "b", START + 10, 1, 200, START + 10)]
    ledger = [Ballot("v", "a", START, START, "1"), Ballot("w", "b", START + 10, START, "2")]

    assert faults(votes, ledger, count(ledger)) == {"lost": 1, "ghosts": 1}


@pytest.mark.parametrize(
    ("vote", "kind"),
    [
        (Vote("v", "a", START, 1, 200, START), "acknowledged"),
        (Vote("v", "a", START, 1, 200, 0), "in_doubt"),
        (Vote("v", "a", START, 1, 0, 0), "in_doubt"),
        (Vote("v", "a", START, 1, 0, 0, abandoned=True), "abandoned"),
        (Vote("v", "a", START, 1, 302, 0), "in_doubt"),
        (Vote("v", "a", START, 1, 403, 0), "refused"),
        (Vote("v", "a", START, 1, 409, 0), "asked"),
        (Vote("v", "a", START, 1, 503, 0), "refused"),
    ],
)
def test_what_an_answer_means(vote, kind):
    ledger = [Ballot("v", "a", START, START)] if vote.cast else []
    verdict = compare([vote], ledger, count(ledger))

    assert [name for name in KINDS if getattr(verdict, name)] == [kind]
