"""Back, reload, a tab thrown away: nothing is stored that the voter did not press for."""

import pytest

from .people import Come
from .site import CATS, CATS_RECEIPT, DOGS, DOGS_RECEIPT, QUESTION, Site


@pytest.mark.parametrize("address", ["http", "safe_https"])
@pytest.mark.parametrize("bfcache", [True, False])
def test_back_and_reload_store_nothing(
    site: Site, person: Come, bfcache: bool, address: str
) -> None:
    tab = person(bfcache=bfcache).tab()
    tab.open(getattr(site, address))
    tab.press(CATS)
    tab.press(DOGS)
    assert DOGS_RECEIPT in tab.text()
    tab.back()
    tab.reload()
    assert CATS_RECEIPT not in tab.text()
    assert site.choices() == ["a", "b"]
    assert site.counted() == ["b"]


def test_back_to_a_kept_receipt_and_reload_store_nothing(site: Site, person: Come) -> None:
    tab = person().tab()
    tab.open(site.kept)
    tab.press(CATS)
    tab.press(DOGS)
    tab.back()
    assert CATS_RECEIPT in tab.text()
    tab.reload()
    assert CATS_RECEIPT not in tab.text()
    assert site.choices() == ["a", "b"]
    assert site.counted() == ["b"]


@pytest.mark.parametrize("bfcache", [True, False])
def test_a_press_after_back_to_the_form_counts(site: Site, person: Come, bfcache: bool) -> None:
    tab = person(bfcache=bfcache).tab()
    tab.open(site.http)
    tab.press(CATS)
    tab.back()
    # The form is asked for anew, and is not an older one.
    tab.press(DOGS)
    assert DOGS_RECEIPT in tab.text()
    assert site.choices() == ["a", "b"]
    assert site.counted() == ["b"]


@pytest.mark.parametrize("bfcache", [True, False])
def test_a_press_on_a_kept_form_asks_once(site: Site, person: Come, bfcache: bool) -> None:
    tab = person(bfcache=bfcache).tab()
    # No browser keeps a page whose form led to the page's own address.
    tab.open(f"{site.kept}?from=tv")
    tab.press(CATS)
    tab.back()
    tab.press(DOGS)
    assert QUESTION in tab.text()
    assert site.choices() == ["a"]
    tab.press(DOGS)
    assert DOGS_RECEIPT in tab.text()
    assert site.choices() == ["a", "b"]
    assert site.counted() == ["b"]


def test_a_receipt_that_is_loaded_again_is_the_same_receipt(site: Site, person: Come) -> None:
    tab = person().tab()
    tab.open(site.http)
    tab.press(CATS)
    receipt = tab.text()
    tab.reload()
    # Nothing new is said, and maybe by another node.
    assert CATS_RECEIPT in tab.text()
    assert set(tab.text().splitlines()) <= set(receipt.splitlines())
    tab.press(DOGS)
    tab.reload()
    assert DOGS_RECEIPT in tab.text()
    assert site.choices() == ["a", "b"]


def test_a_tab_that_was_thrown_away_stores_nothing(site: Site, person: Come) -> None:
    somebody = person()
    old, new = somebody.tab(), somebody.tab()
    old.open(site.http)
    old.press(CATS)
    new.open(site.http)
    new.press(DOGS)
    assert DOGS_RECEIPT in new.text()
    old.throw_away()
    assert CATS_RECEIPT not in old.text()
    assert site.choices() == ["a", "b"]
    assert site.counted() == ["b"]
