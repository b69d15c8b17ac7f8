"""Cookies that we signed, and all others; what load balancers vouch for, and what they do not."""

from string import ascii_lowercase
from uuid import UUID

import pytest
from frontend.edge import Edge
from frontend.errors import NotThroughEdge, ServiceUnavailable
from frontend.voter import Voter, VoterCookieSigner
from hypothesis import assume, given
from hypothesis import strategies as st

TOKEN = "token-of-the-load-balancer"
OTHER_TOKEN = "token-of-before-the-rotation"
REQUEST_ID = "01890a5d-ac96-774b-bcce-b302099a8057"
RECEIVED = 0x01890A5DAC96 * 1000
SIGNER = VoterCookieSigner([b"key"])
EDGE = Edge([TOKEN.encode(), OTHER_TOKEN.encode()])
times = st.integers(0, 2**63)
choices = st.text(ascii_lowercase + "0-_", max_size=32)
voters = st.builds(Voter, st.uuids().map(str), times, times, choices)


@given(voters)
def test_a_signed_voter_comes_back(voter: Voter) -> None:
    assert SIGNER.known(SIGNER.sign(voter)) == voter


@given(st.text(st.characters()))
def test_what_we_did_not_sign_is_nobody(cookie: str) -> None:
    assert SIGNER.known(cookie) is None
    assert SIGNER.read(f"{SIGNER.name}={cookie}; voter={cookie}") is None


@given(voters, st.integers(0, 120), st.characters())
def test_one_changed_character_is_enough(voter: Voter, position: int, letter: str) -> None:
    cookie = SIGNER.sign(voter)
    position = min(position, len(cookie) - 1)
    assume(cookie[position] != letter)
    assert SIGNER.known(cookie[:position] + letter + cookie[position + 1 :]) is None


@given(voters)
def test_another_key_does_not_sign_for_us(voter: Voter) -> None:
    assert SIGNER.known(VoterCookieSigner([b"other"]).sign(voter)) is None


@given(voters)
def test_while_keys_rotate_the_first_signs_and_each_is_known(voter: Voter) -> None:
    before, during, after = (
        VoterCookieSigner(keys) for keys in ([b"old"], [b"new", b"old"], [b"new"])
    )
    assert during.known(before.sign(voter)) == voter
    assert after.known(during.sign(voter)) == voter
    assert before.known(during.sign(voter)) is None


@pytest.mark.parametrize("token", [TOKEN, OTHER_TOKEN])
def test_the_load_balancer_names_a_request_and_its_time(token: str) -> None:
    assert EDGE.received(token, REQUEST_ID.upper()) == (REQUEST_ID, RECEIVED)
    assert EDGE.new_voter(token, REQUEST_ID) == REQUEST_ID


def test_without_a_token_there_is_no_load_balancer() -> None:
    with pytest.raises(NotThroughEdge):
        EDGE.received("", REQUEST_ID)


@pytest.mark.parametrize(
    ("token", "request_id"),
    [
        ("wrong", REQUEST_ID),
        ("\xe9", REQUEST_ID),
        (TOKEN, ""),
        (TOKEN, "not-a-uuid"),
        (TOKEN, REQUEST_ID + "0"),
        (TOKEN, REQUEST_ID + "\n"),
        (TOKEN, f"{REQUEST_ID},{REQUEST_ID}"),
        # Of another version: there is no time in it.
        (TOKEN, "01890a5d-ac96-474b-bcce-b302099a8057"),
    ],
)
def test_what_another_frontend_may_know_is_asked_of_that(token: str, request_id: str) -> None:
    with pytest.raises(ServiceUnavailable):
        EDGE.received(token, request_id)
    first, second = (EDGE.new_voter(token, request_id) for _ in range(2))
    assert first != second
    assert UUID(first).version == 4
