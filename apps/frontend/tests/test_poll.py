"""What a poll file may say."""

import json
from typing import Any

import pytest
from frontend.poll import Choice, Poll
from testing.poll_mistakes import COFFEE, MISTAKES, TEA
from testing.poll_mistakes import POLL as WRITTEN

# The playbook adds the id to what an operator writes.
POLL = WRITTEN | {"id": "tea-or-coffee"}


def test_a_poll_takes_its_own_keys_and_the_test_vote() -> None:
    assert Poll.from_json(json.dumps(POLL)).keys == {"tea", "coffee", "test"}


def test_a_poll_can_be_asked_in_several_languages() -> None:
    poll = Poll.from_json(json.dumps(POLL))
    german = poll.translations["de"]
    assert (poll.language, poll.title) == ("en", "Tea or coffee?")
    assert (german.language, german.title) == ("de", "Tee oder Kaffee?")
    assert [choice.text for choice in german.choices] == ["Tee", "Kaffee"]
    assert german.keys == poll.keys


@pytest.mark.parametrize("changes", [changes for changes, _ in MISTAKES])
def test_what_the_playbook_refuses_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^poll: "):
        Poll.from_json(json.dumps({**POLL, **changes}))


@pytest.mark.parametrize("poll_id", ["", "Tea", "tea_time", "a" * 65, "a\n", None])
def test_a_poll_has_an_id_that_fits_an_entry(poll_id: str | None) -> None:
    with pytest.raises(ValueError, match=r"^poll: "):
        Poll.from_json(json.dumps({**POLL, "id": poll_id}))
    with pytest.raises(ValueError, match=r"^poll: "):
        Poll.from_json(json.dumps(WRITTEN))


@pytest.mark.parametrize("text", ["[]", "{}", "no json"])
def test_what_is_no_poll_at_all_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"poll|JSON|Expecting"):
        Poll.from_json(text)


def test_a_picture_cannot_smuggle_a_style() -> None:
    coffee = COFFEE | {"picture": "data:image/png;base64,AA==);}body{display:none"}
    with pytest.raises(ValueError, match="picture"):
        Poll.from_json(json.dumps({**POLL, "choices": [TEA, coffee]}))


@pytest.mark.parametrize(
    ("color", "ink"), [("#ffffff", "#000"), ("#000000", "#fff"), ("#1aaaf8", "#000")]
)
def test_a_button_can_be_read_on_any_colour(color: str, ink: Any) -> None:
    assert Choice("a", "A", color).ink == ink
