"""Comparing what was told with what was counted finds whatever is wrong, and no more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from landslide_cli.load.records import Vote
from landslide_cli.load.verdict import Ballot, Counted, compare

START = 1_790_000_000_000_000
LATER = 10**9


@st.composite
def honest_runs(draw):
    """Votes, and the ledger of a system that keeps its word to each of them."""
    sent, ledger = [], []
    voters = draw(st.integers(1, 8))
    for at in range(draw(st.integers(1, 30))):
        voter, choice = f"voter{draw(st.integers(1, voters))}", draw(st.sampled_from("abc"))
        cast = START + 2 * at
        status = draw(st.sampled_from([200, 200, 200, 0, 503]))
        sent.append(Vote(voter, choice, cast, 1, status, cast if status == 200 else 0))
        if status == 200 or draw(st.booleans()):
            ledger.append(Ballot(voter, choice, cast, cast + 5))
        if draw(st.booleans()):
            # The load balancer has sent it to a second frontend, too, which was a little faster.
            ledger.append(Ballot(voter, choice, cast - 1, cast + 5))
    return sent, draw(st.permutations(ledger)), count(ledger)


def count(ledger):
    last = {}
    for ballot in ledger:
        last[ballot.voter] = max(last.get(ballot.voter, (0, "")), (ballot.cast, ballot.choice))
    return [Counted(voter, choice, cast) for voter, (cast, choice) in last.items()]


def faults(sent, ledger, counted):
    verdict = compare(sent, ledger, counted)
    found = {name: getattr(verdict, name) for name in ("lost", "doubled", "ghosts", "stale")}
    assert verdict.clean == (not any(found.values()))
    return {name: number for name, number in found.items() if number}


@given(honest_runs())
def test_nothing_is_found_where_nothing_is_wrong(run):
    sent, ledger, counted = run
    verdict = compare(*run)

    assert faults(*run) == {}
    assert verdict.sent == len(sent) == verdict.acknowledged + verdict.refused + verdict.in_doubt
    assert verdict.acknowledged + verdict.extra == len(ledger)
    assert verdict.voters == len(counted)


@given(honest_runs(), st.data())
def test_a_lost_vote_is_found(run, data):
    sent, ledger, _ = run
    receipts = {(vote.voter, vote.choice, vote.cast) for vote in sent if vote.acknowledged}
    kept = [ballot for ballot in ledger if ballot[:3] in receipts]
    if not kept:
        return
    gone = data.draw(st.sampled_from(kept))
    ledger = [ballot for ballot in ledger if ballot != gone]

    assert faults(sent, ledger, count(ledger)).pop("lost") == 1


@given(honest_runs(), st.data())
def test_a_ballot_that_was_stored_under_another_choice_is_lost_too(run, data):
    sent, ledger, counted = run
    thanked = [index for index, vote in enumerate(sent) if vote.acknowledged]
    if not thanked:
        return
    index = data.draw(st.sampled_from(thanked))
    sent[index] = sent[index]._replace(choice="other")

    assert faults(sent, ledger, counted)["lost"] == 1


@given(honest_runs(), st.data())
def test_what_is_counted_twice_is_found(run, data):
    sent, ledger, counted = run
    if not ledger:
        return
    again = data.draw(st.sampled_from(ledger))
    other = data.draw(st.sampled_from(counted))

    assert faults(sent, [*ledger, again], counted) == {"doubled": 1}
    assert faults(sent, ledger, [*counted, other]) == {"doubled": 1}


@given(honest_runs(), st.sampled_from(["nobody", "voter1"]))
def test_a_ghost_is_found(run, voter):
    sent, ledger, _ = run
    ledger = [*ledger, Ballot(voter, "never chosen", START, START)]

    assert faults(sent, ledger, count(ledger))["ghosts"] == 1


@given(honest_runs(), st.data())
def test_a_voter_for_whom_an_older_choice_counts_is_found(run, data):
    sent, ledger, _ = run
    told = Vote("voter1", "b", START + LATER, 1, 200, START + LATER)
    older = data.draw(st.sampled_from([START + LATER - 1, START]))
    sent = [*sent, told._replace(choice="a", cast=older), told]
    ledger = [*ledger, Ballot("voter1", "a", older, LATER), Ballot("voter1", "b", told.cast, LATER)]
    right = count(ledger)
    wrong = [vote for vote in right if vote.voter != "voter1"] + [Counted("voter1", "a", older)]

    assert "stale" not in faults(sent, ledger, right)
    assert faults(sent, ledger, wrong)["stale"] == 1


@pytest.mark.parametrize(
    ("status", "cast", "counts"),
    [
        (200, START, ("acknowledged",)),
        (200, 0, ("in_doubt",)),
        (0, 0, ("in_doubt",)),
        (302, 0, ("in_doubt",)),
        (403, 0, ("refused",)),
        (503, 0, ("refused",)),
    ],
)
def test_what_an_answer_means(status, cast, counts):
    ledger = [Ballot("v", "a", cast, cast)] if cast else []
    verdict = compare([Vote("v", "a", START, 1, status, cast)], ledger, count(ledger))
    told = {"acknowledged", "refused", "in_doubt"}

    assert tuple(name for name in told if getattr(verdict, name)) == counts
