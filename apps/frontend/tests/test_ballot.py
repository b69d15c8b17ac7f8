"""Reading the choice from a form's body."""

import pytest
from frontend.ballot import BallotPaper
from frontend.errors import HTTPError
from hypothesis import given
from hypothesis import strategies as st

PAPER = BallotPaper({"a", "b"})
bodies = st.binary() | st.lists(
    st.sampled_from([b"vote", b"last", b"=", b"a", b"1", b"&", b"%", b"\xff"])
).map(b"".join)


@pytest.mark.parametrize(
    ("body", "last"),
    [
        (b"vote=a", None),
        (b"vote=%61", None),
        (b"other=1&vote=a", None),
        (b"vote=a&vote2=b", None),
        (b"vote=a&last=0", 0),
        (b"vote=a&last=1790000000000000", 1790000000000000),
        (b"last=1790000000000000&vote=a", 1790000000000000),
        (b"vote=a&last=%31&other=2", 1),
    ],
)
def test_a_choice_is_read_however_it_is_written(body: bytes, last: int | None) -> None:
    assert PAPER.read(body) == ("a", last)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "No choice"),
        (b"vote=", "No choice"),
        (b"choice=a", "No choice"),
        (b"vote=c", "no such choice"),
        (b"vote=A", "no such choice"),
        (b"vote=a&vote=b", "Only one"),
        (b"vote=a&vote=a", "Only one"),
        (b"vote=%ff", "could not be read"),
        (b"vote=\xff", "could not be read"),
        (b"vote=a&last=", "could not be read"),
        (b"vote=a&last=-1", "could not be read"),
        (b"vote=a&last=1.0", "could not be read"),
        (b"vote=a&last=12345678901234567", "could not be read"),
        (b"vote=a&last=1&last=1", "could not be read"),
        (b"vote=a&last=%D9%A1", "could not be read"),
        (b"vote=c&last=0", "no such choice"),
    ],
)
def test_anything_else_is_refused_in_one_sentence(body: bytes, sentence: str) -> None:
    with pytest.raises(HTTPError, match=sentence) as refused:
        PAPER.read(body)
    assert refused.value.status == 400


@given(bodies)
def test_any_bytes_give_a_known_choice_or_a_refusal(body: bytes) -> None:
    try:
        choice, last = PAPER.read(body)
        assert choice in {"a", "b"}
        assert last is None or last >= 0
    except HTTPError as refusal:
        assert refusal.status == 400
