"""Two presses, in one tab or in two: what was pressed last counts, or the voter is asked once."""

import pytest
from testing.people import Come, wait_for

from .site import CATS, CATS_RECEIPT, DOGS, DOGS_RECEIPT, Site


@pytest.mark.parametrize(("second", "receipt"), [(CATS, CATS_RECEIPT), (DOGS, DOGS_RECEIPT)])
def test_the_second_of_two_fast_presses_counts(
    site: Site, person: Come, second: str, receipt: str
) -> None:
    tab = person().tab()
    tab.open(site.http)
    tab.press_fast(CATS, second)
    wait_for(tab, receipt)
    assert set(site.choices()) <= {"a", site.choices()[-1]}
    assert site.counted() == [{CATS: "a", DOGS: "b"}[second]]


def test_the_second_of_two_presses_counts_where_neither_is_answered_yet(
    site: Site, person: Come
) -> None:
    tab = person().tab()
    tab.open(site.http)
    with site.silent_queue():
        tab.press_fast(CATS, DOGS)
    wait_for(tab, DOGS_RECEIPT)
    assert site.counted() == ["b"]


def test_a_press_in_an_older_tab_asks_once_and_the_earlier_vote_can_stay(
    site: Site, person: Come
) -> None:
    somebody = person()
    new, old = somebody.tab(), somebody.tab()
    new.open(site.http)
    old.open(site.http)
    new.press(CATS)
    old.press(DOGS)
    assert DOGS_RECEIPT not in old.text()
    assert site.choices() == ["a"]
    old.press("a[href='/']")
    # A page like any other of this voter's: it asks nothing.
    old.press(DOGS)
    assert DOGS_RECEIPT in old.text()
    assert site.counted() == ["b"]


def test_a_press_in_an_older_tab_asks_once_and_the_vote_can_be_changed(
    site: Site, person: Come
) -> None:
    somebody = person()
    new, old = somebody.tab(), somebody.tab()
    new.open(site.http)
    old.open(site.http)
    new.press(CATS)
    old.press(DOGS)
    old.press(DOGS)
    assert DOGS_RECEIPT in old.text()
    assert site.choices() == ["a", "b"]
    old.reload()
    assert DOGS_RECEIPT in old.text()
    assert site.choices() == ["a", "b"]
    assert site.counted() == ["b"]


def test_a_vote_that_was_never_acknowledged_asks_nothing(site: Site, person: Come) -> None:
    somebody = person()
    first, second = somebody.tab(), somebody.tab()
    first.open(site.http)
    second.open(site.http)
    with site.silent_queue():
        first.press(CATS)
        assert CATS_RECEIPT not in first.text()
    site.wait_until_healthy()
    second.press(DOGS)
    assert DOGS_RECEIPT in second.text()
    assert site.counted() == ["b"]


def test_a_press_that_the_voter_did_not_wait_for_asks_nothing(site: Site, person: Come) -> None:
    somebody = person()
    first, second = somebody.tab(), somebody.tab()
    first.open(site.http)
    second.open(site.http)
    with site.silent_queue():
        first.press_fast(CATS)
        first.open("about:blank")
    site.wait_until_healthy()
    second.press(DOGS)
    assert DOGS_RECEIPT in second.text()
    assert site.counted() == ["b"]
