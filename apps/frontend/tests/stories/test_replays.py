"""Back, reload, two tabs, two presses: what is stored was pressed, and the last press counts."""

from collections.abc import Callable

import pytest
from testing.people import Person, Tab, wait_for

from .conftest import Site

Come = Callable[..., Person]
CATS, DOGS = "[value=a]", "[value=b]"
CATS_RECEIPT, DOGS_RECEIPT = "Your vote is recorded: Cats", "Your vote is recorded: Dogs"


@pytest.mark.parametrize("bfcache", [True, False])
def test_back_and_reload_store_nothing(site: Site, person: Come, bfcache: bool) -> None:
    tab = person(bfcache=bfcache).tab()
    tab.open(site.http)
    tab.press(CATS)
    tab.press(DOGS)
    assert DOGS_RECEIPT in tab.text()
    tab.back()
    tab.reload()
    assert site.choices() == ["a", "b"]
    assert site.counted() == ["b"]
