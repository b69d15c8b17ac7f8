"""One browser is one voter, whichever of HTTP and HTTPS it uses."""

import pytest

from .people import Come
from .site import CATS, CATS_RECEIPT, DOGS, DOGS_RECEIPT, Site


@pytest.mark.parametrize("https_first", [True, False])
def test_one_browser_is_one_voter_whatever_it_mixes(
    site: Site, person: Come, https_first: bool
) -> None:
    schemes = [site.https, site.http] if https_first else [site.http, site.https]
    somebody = person()
    tab = somebody.tab()
    tab.open(schemes[0])
    tab.press(CATS)
    for press in (DOGS, CATS, DOGS):
        tab.open(schemes[1])
        tab.press(press)
    tab.open(schemes[0])
    tab.press(CATS)
    assert CATS_RECEIPT in tab.text()
    assert site.choices() == ["a", "b", "a", "b", "a"]
    assert site.counted() == ["a"]
    assert [cookie.name for cookie in somebody.cookies()] == ["voter-any"]


def test_https_only_leads_there_with_a_cookie_that_no_other_site_can_set(
    site: Site, person: Come
) -> None:
    somebody = person()
    tab = somebody.tab()
    for press, receipt in ((CATS, CATS_RECEIPT), (DOGS, DOGS_RECEIPT)):
        tab.open(site.safe_http)
        assert tab.url() == site.safe_https
        tab.press(press)
        assert receipt in tab.text()
    assert site.counted() == ["b"]
    assert [cookie.name for cookie in somebody.cookies()] == ["__Host-voter"]
