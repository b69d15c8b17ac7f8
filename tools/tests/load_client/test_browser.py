"""What a voter's browser keeps and sends, without a network."""

import pytest
from landslide_tools.load_client.browser import Browser, State, state
from landslide_tools.load_client.record import Vote, parse
from landslide_tools.load_client.request import Requests

VOTER = "01890a5d-ac96-774b-bcce-b302099a8057"
FRESH = f"3.{VOTER}.0.0..mac"
NEWER = f"3.{VOTER}.5.7.a.mac"


def test_a_cookie_says_what_was_acknowledged_and_what_was_ever_answered() -> None:
    assert state(NEWER) == State(VOTER, 5, 7)
    with pytest.raises(ValueError, match="version 2"):
        state(f"2.{VOTER}.5.a.mac")


def test_one_cookie_serves_both_schemes() -> None:
    browser = Browser("voter-any", FRESH)

    assert browser.voter == VOTER
    assert browser.take(f"voter-any={NEWER}; Path=/; HttpOnly", https=True).acknowledged == 5
    assert browser.header(https=False) == browser.header(https=True) == f"voter-any={NEWER}"
    assert browser.state(https=False).acknowledged == 5


def test_a_secure_cookie_is_https_only_and_stays() -> None:
    browser = Browser("voter-any", FRESH)
    browser.take(f"voter-any={NEWER}; Path=/; Secure", https=True)

    assert browser.header(https=False) == ""
    assert browser.state(https=False) == State("", 0, 0)
    # What comes by HTTP takes no Secure cookie's place, and is none itself.
    browser.take(f"voter-any={FRESH}; Path=/", https=False)
    assert browser.header(https=True) == f"voter-any={NEWER}"
    other = Browser("voter-any", FRESH)
    other.take(f"voter-any={NEWER}; Secure", https=False)
    assert other.header(https=False) == f"voter-any={FRESH}"


def test_the_name_for_https_comes_first() -> None:
    browser = Browser("__Host-voter", NEWER)
    browser.take(f"voter-any={FRESH}", https=True)

    assert browser.header(https=False) == f"voter-any={FRESH}"
    assert browser.state(https=True).acknowledged == 5


def test_a_form_says_which_vote_it_was_made_after() -> None:
    request = Requests("votingapp.local").vote("a", 5, f"voter-any={NEWER}", https=True)
    head, _, body = request.partition(b"\r\n\r\n")

    assert body == b"vote=a&last=5"
    assert f"\r\nContent-Length: {len(body)}".encode() in head
    assert b"\r\nOrigin: https://votingapp.local\r\n" in head
    assert f"\r\nCookie: voter-any={NEWER}\r\n".encode() in head
    assert b"Cookie" not in Requests("votingapp.local").vote("a", 0, "", https=False)


def test_a_line_of_the_record() -> None:
    vote = Vote(VOTER, "a", 10, 5, 0, 0, 7, "192.0.2.12", True)

    assert vote.line() == f"{VOTER} a 10 5 0 0 7 192.0.2.12 1\n"
    assert [*parse([vote.line()])] == [vote]
