"""Cookies that we signed, and all others."""

from string import ascii_lowercase
from uuid import UUID

import pytest
from frontend.refusal import DamagedCookie
from frontend.voter import Electorate, Voter
from hypothesis import assume, given
from hypothesis import strategies as st

TOKEN = "token-of-the-load-balancer"
REQUEST_ID = "01890a5d-ac96-774b-bcce-b302099a8057"
ELECTORATE = Electorate(b"key", TOKEN.encode())
voters = st.builds(
    Voter, st.uuids().map(str), st.integers(0, 2**63), st.text(ascii_lowercase + "0-_", max_size=32)
)


@given(voters)
def test_a_signed_voter_comes_back(voter: Voter) -> None:
    assert ELECTORATE.known(ELECTORATE.sign(voter)) == voter


@given(st.text(st.characters()))
def test_what_we_did_not_sign_is_damaged(cookie: str) -> None:
    with pytest.raises(DamagedCookie):
        ELECTORATE.known(cookie)


@given(voters, st.integers(0, 120), st.characters())
def test_one_changed_character_is_enough(voter: Voter, position: int, letter: str) -> None:
    cookie = ELECTORATE.sign(voter)
    position = min(position, len(cookie) - 1)
    assume(cookie[position] != letter)
    with pytest.raises(DamagedCookie):
        ELECTORATE.known(cookie[:position] + letter + cookie[position + 1 :])


@given(voters)
def test_another_key_does_not_sign_for_us(voter: Voter) -> None:
    with pytest.raises(DamagedCookie):
        ELECTORATE.known(Electorate(b"other", b"token").sign(voter))


def test_the_load_balancer_names_a_new_voter() -> None:
    assert ELECTORATE.new(TOKEN, REQUEST_ID.upper()) == Voter(REQUEST_ID, 0)


@pytest.mark.parametrize(
    ("token", "request_id"),
    [
        ("", REQUEST_ID),
        ("wrong", REQUEST_ID),
        ("\xe9", REQUEST_ID),
        (TOKEN, ""),
        (TOKEN, "not-a-uuid"),
        (TOKEN, REQUEST_ID + "0"),
        (TOKEN, REQUEST_ID + "\n"),
    ],
)
def test_nobody_else_does(token: str, request_id: str) -> None:
    first, second = (ELECTORATE.new(token, request_id) for _ in range(2))
    assert first.id != second.id
    assert UUID(first.id).version == 4
