"""Reading the choice from a form's body."""

import time

import pytest
from frontend.ballot import BallotPaper, cast_time
from frontend.refusal import Refusal
from hypothesis import given
from hypothesis import strategies as st

PAPER = BallotPaper({"a", "b"})
bodies = st.binary() | st.lists(st.sampled_from([b"vote", b"=", b"a", b"&", b"%", b"\xff"])).map(
    b"".join
)


@pytest.mark.parametrize("body", [b"vote=a", b"vote=%61", b"other=1&vote=a", b"vote=a&vote2=b"])
def test_a_choice_is_read_however_it_is_written(body: bytes) -> None:
    assert PAPER.choice(body) == "a"


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
    ],
)
def test_anything_else_is_refused_in_one_sentence(body: bytes, sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence) as refused:
        PAPER.choice(body)
    assert refused.value.status == 400


@given(bodies)
def test_any_bytes_give_a_known_choice_or_a_refusal(body: bytes) -> None:
    try:
        assert PAPER.choice(body) in {"a", "b"}
    except Refusal as refusal:
        assert refusal.status == 400


def test_a_later_vote_is_later_even_where_the_last_node_had_a_clock_ahead() -> None:
    ahead = time.time_ns() // 1000 + 60_000_000
    assert cast_time(ahead) == ahead + 1


def test_a_vote_is_cast_now_in_microseconds() -> None:
    before = time.time_ns() // 1000
    assert before <= cast_time(0) <= time.time_ns() // 1000
