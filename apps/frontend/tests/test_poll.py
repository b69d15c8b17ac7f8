"""What a poll file may say."""

import json
from typing import Any

import pytest
from frontend.poll import Choice, Poll


def poll(*keys: str, color: str = "#123456") -> str:
    choices = [{"key": key, "text": key.title(), "color": color} for key in keys]
    return json.dumps({"title": "T", "question": "Q?", "choices": choices})


def test_a_poll_takes_its_own_keys_and_the_test_vote() -> None:
    assert Poll.from_json(poll("a", "b")).keys == {"a", "b", "test"}


@pytest.mark.parametrize(
    "text",
    [
        poll("a"),
        poll(*(f"k{n}" for n in range(21))),
        poll("a", "a"),
        poll("a", "test"),
        poll("a", "B"),
        poll("a", "b", color="red}body{"),
        "[]",
        "{}",
        "no json",
    ],
)
def test_a_poll_that_cannot_work_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"poll|JSON|Expecting"):
        Poll.from_json(text)


@pytest.mark.parametrize(
    ("color", "ink"), [("#ffffff", "#000"), ("#000000", "#fff"), ("#1aaaf8", "#000")]
)
def test_a_button_can_be_read_on_any_colour(color: str, ink: Any) -> None:
    assert Choice("a", "A", color).ink == ink
