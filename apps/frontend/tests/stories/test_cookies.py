"""Cookies of a sister domain, and a browser that keeps none."""

import pytest

from .people import Come
from .site import CATS, CATS_RECEIPT, DOGS, DOGS_RECEIPT, Site

NO_COOKIE = "This browser keeps no cookie for this site, so this vote cannot be changed."
NAMES = ("voter", "voter-any", "__Host-voter")


def planted(value: str) -> list[str]:
    """A cookie of each of our names for the whole domain, as Set-Cookie has them."""
    flags = "Domain=example.test; Path=/; Max-Age=9999; Secure"
    return [f"{name}={value}; {flags}" for name in NAMES] + [
        f"{name}={value}; {flags.removesuffix('; Secure')}" for name in NAMES
    ]


@pytest.mark.parametrize("address", ["http", "https", "safe_https"])
def test_a_foreign_cookie_locks_nobody_out(site: Site, person: Come, address: str) -> None:
    tab = person().tab()
    with site.sister(*planted("other-app")) as sister:
        tab.open(sister)
    for press, receipt in ((CATS, CATS_RECEIPT), (DOGS, DOGS_RECEIPT)):
        tab.open(getattr(site, address))
        tab.press(press)
        assert receipt in tab.text()
    assert site.choices() == ["a", "b"]
    assert site.counted() == ["b"]


def test_another_voters_cookie_makes_nobody_that_voter_with_https_only(
    site: Site, person: Come
) -> None:
    attacker = person()
    tab = attacker.tab()
    tab.open(site.safe_https)
    tab.press(CATS)
    [cookie] = [cookie for cookie in attacker.cookies() if cookie.domain == "safe.example.test"]
    attacker.leave()
    tab = person().tab()
    for press in (DOGS, CATS, DOGS):
        with site.sister(*planted(cookie.value)) as sister:
            tab.open(sister)
        tab.open(site.safe_https)
        tab.press(press)
    assert site.choices() == ["a", "b", "a", "b"]
    assert site.counted() == ["a", "b"]


def test_who_keeps_no_cookie_is_told_that_the_vote_cannot_be_changed(
    site: Site, person: Come
) -> None:
    somebody = person(cookies=False)
    tab = somebody.tab()
    tab.open(site.http)
    tab.press(CATS)
    assert CATS_RECEIPT in tab.text()
    assert NO_COOKIE in tab.text()
    assert somebody.cookies() == []
    assert site.choices() == ["a"]


def test_who_keeps_cookies_is_told_no_such_thing(site: Site, person: Come) -> None:
    tab = person().tab()
    tab.open(site.http)
    tab.press(CATS)
    assert CATS_RECEIPT in tab.text()
    assert NO_COOKIE not in tab.text()
