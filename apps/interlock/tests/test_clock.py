"""The decision to drain, from clocks; and what else the watch looks at."""

from pathlib import Path

import pytest
from interlock.clock import LOOKS, Balancer, Decision, Sample, offset
from interlock.watch import tracking

RIGHT = Balancer(0.01, serves=True)
WRONG = Balancer(3.0, serves=True)


def managers(*ahead: float, took: float = 0.1) -> list[Sample]:
    return [Sample(1000, took, 1000 + took / 2 + seconds) for seconds in ahead]


@pytest.mark.parametrize(
    ("samples", "found"),
    [
        ([], None),
        (managers(2), 2),
        # One manager that is wrong moves nothing.
        (managers(0.01, 0, 500), 0.01),
        (managers(-7, -7.1, 0), -7),
        # An answer that took long says little.
        (managers(5, took=4), None),
        (managers(5, took=4) + managers(0.5), 0.5),
        # The clock went back in between.
        (managers(5, took=-1), None),
    ],
)
def test_the_offset_is_the_median(samples: list[Sample], found: float | None) -> None:
    assert offset(samples) == (None if found is None else pytest.approx(found))


def looks(
    draining: bool, own: float | None, *others: Balancer, count: int = LOOKS
) -> tuple[bool, bool]:
    """The decision before the last of `count` looks, and after it."""
    decision = Decision(draining)
    before = draining
    for _ in range(count):
        before = decision.draining
        decision.look(own, others)
    return before, decision.draining


@pytest.mark.parametrize("own", [1.1, -1.1, 100.0])
def test_a_wrong_clock_drains_where_another_is_right(own: float) -> None:
    assert looks(False, own, WRONG, RIGHT) == (False, True)


@pytest.mark.parametrize("own", [None, 0.0, 1.0, -1.0])
def test_a_clock_that_is_right_or_unknown_does_not(own: float | None) -> None:
    assert looks(False, own, RIGHT) == (False, False)


@pytest.mark.parametrize(
    "others",
    [
        (),
        (WRONG,),
        (Balancer(None, serves=True),),
        (Balancer(0.0, serves=False),),
    ],
)
def test_no_one_drains_without_another_that_is_right_and_serves(
    others: tuple[Balancer, ...],
) -> None:
    assert looks(False, 3.0, *others) == (False, False)
    # Nor does who has drained stay so.
    assert looks(True, 3.0, *others) == (True, False)


def test_it_comes_back_when_the_clock_is_right_and_not_before() -> None:
    assert looks(True, 0.4, RIGHT) == (True, False)
    assert looks(True, None, RIGHT) == (True, False)
    assert looks(True, 0.9, RIGHT) == (True, True)


def test_a_single_odd_look_changes_nothing() -> None:
    decision = Decision(draining=False)
    for own in (3.0, 3.0, 0.0) * 5:
        assert not decision.look(own, [RIGHT])


def test_two_that_are_both_wrong_never_both_drain() -> None:
    # Each reads of the other what that one measured a look ago, when it was right.
    known = [Balancer(0.0, True), Balancer(0.0, True)]
    decisions = [Decision(False), Decision(False)]
    for _ in range(5 * LOOKS):
        for mine, other in ((0, 1), (1, 0)):
            decisions[mine].look(3.0, [known[other]])
            assert not all(decision.draining for decision in decisions)
        known = [Balancer(3.0, not decision.draining) for decision in decisions]
    assert not any(decision.draining for decision in decisions)


def test_the_kernels_table_of_connections_is_told_where_there_is_one(tmp_path: Path) -> None:
    assert tracking("count", tmp_path) == tracking("max", tmp_path) == 0
    (tmp_path / "nf_conntrack_count").write_text("17\n")
    (tmp_path / "nf_conntrack_max").write_text("262144\n")
    assert (tracking("count", tmp_path), tracking("max", tmp_path)) == (17, 262_144)
