"""Two presses, in one tab or in two: what was pressed last counts, or the voter is asked once."""

from testing.tabs import Tab, wait_for
from testing.waiting import wait_until

from .people import Come
from .site import BUSY, CATS, CATS_RECEIPT, DOGS, DOGS_RECEIPT, QUESTION, Site


def insist(tab: Tab) -> None:
    """Press Dogs again as long as a process of the frontend takes its queue for a silent one."""

    def is_answered() -> bool:
        if BUSY in tab.text():
            tab.press(DOGS)
        return any(text in tab.text() for text in (DOGS_RECEIPT, QUESTION))

    wait_until(is_answered)


def test_a_double_press_is_no_press_on_the_page_that_comes(site: Site, person: Come) -> None:
    tab = person().tab()
    tab.open(site.http)
    # On a phone's screen the receipt pushes Cats to where Dogs was.
    tab.press_fast(DOGS, DOGS, DOGS)
    wait_for(tab, DOGS_RECEIPT)
    assert set(site.choices()) == {"b"}
    assert site.counted() == ["b"]


def test_a_double_press_does_not_answer_the_question(site: Site, person: Come) -> None:
    somebody = person()
    new, old = somebody.tab(), somebody.tab()
    new.open(site.http)
    old.open(site.http)
    new.press(CATS)
    old.press_fast(DOGS, DOGS, DOGS)
    wait_for(old, QUESTION)
    assert site.choices() == ["a"]


def test_of_two_different_presses_the_one_counts_that_the_page_names(
    site: Site, person: Come
) -> None:
    tab = person().tab()
    tab.open(site.http)
    tab.press_fast(CATS, DOGS)
    # The page of the first press may be there before the second, or its cookie.
    words = {DOGS_RECEIPT: "b", CATS_RECEIPT: "a", QUESTION: "a"}
    wait_until(lambda: any(text in tab.text() for text in words))
    assert site.counted() == [next(words[text] for text in words if text in tab.text())]


def test_the_second_of_two_presses_counts_where_neither_is_answered_yet(
    site: Site, person: Come
) -> None:
    tab = person().tab()
    tab.open(site.http)
    with site.silent_queue():
        tab.press_fast(CATS, DOGS)
    insist(tab)
    assert DOGS_RECEIPT in tab.text()
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
    assert QUESTION in old.text()
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
    assert QUESTION in old.text()
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
    insist(second)
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
    insist(second)
    assert DOGS_RECEIPT in second.text()
    assert site.counted() == ["b"]
