from datetime import datetime
from typing import Any

import pytest
from ansible_collections.landslide.voting.plugins.filter.poll_change_problems import (
    FilterModule,
    poll_change_problems,
)
from testing.poll_mistakes import COFFEE, GERMAN, POLL, TEA

NOW = datetime.fromisoformat("2026-11-26T12:00:00Z").timestamp()
LATER = datetime.fromisoformat("2026-12-02T12:00:00Z").timestamp()
OPEN = {
    "id": "tea-2026",
    "state": "open",
    "opens_at": "2026-12-01T18:00:00+00:00",
    "closes_at": "2026-12-01T21:00:00+00:00",
    "choices": {"tea": "Tea", "coffee": "Coffee", "test": "Test"},
    "translations": {"tea": {"de": "Tee"}, "coffee": {"de": "Kaffee"}, "test": {}},
}
WAITING, CLOSED = OPEN | {"state": "waiting"}, OPEN | {"state": "closed"}


def judged(changes: dict[str, Any], running: dict[str, Any] = OPEN, now: float = NOW) -> list[str]:
    return poll_change_problems({**POLL, **changes}, running, now, "tea-2026")


@pytest.mark.parametrize("running", [{}, OPEN, WAITING, CLOSED])
def test_a_poll_that_is_as_it_was_passes(running: dict[str, Any]) -> None:
    assert judged({}, running) == []


def test_a_store_of_version_1_0_0_has_no_id() -> None:
    assert judged({}, OPEN | {"id": None}) == []


def test_another_controllers_poll_is_refused() -> None:
    (problem,) = judged({}, OPEN | {"id": "other"})
    assert problem.startswith(
        "the store has the poll other, and this controller's poll_id is tea-2026"
    )


@pytest.mark.parametrize("running", [{}, WAITING | {"closes_at": None}, OPEN | {"closes_at": None}])
def test_an_end_in_the_past_is_refused(running: dict[str, Any]) -> None:
    (problem,) = judged({}, running, LATER)
    assert problem.startswith("the poll's closes_at is over, and it would close at once, for good")


@pytest.mark.parametrize("running", [OPEN, WAITING, CLOSED, CLOSED | {"closes_at": None}])
def test_an_end_that_the_store_has_known_is_no_mistake(running: dict[str, Any]) -> None:
    assert judged({}, running, LATER) == []


def test_the_end_of_an_open_poll_may_be_moved() -> None:
    assert judged({"closes_at": "2026-12-03T00:00:00Z"}) == []


def test_the_beginning_of_an_open_poll_may_not() -> None:
    later = {"opens_at": "2026-12-01T19:30:00Z"}
    (problem,) = judged(later)
    assert problem == (
        "the poll is open, so its opens_at can no longer be changed to 2026-12-01 19:30:00+00:00: "
        "leave it at 2026-12-01 18:00:00+00:00, or out"
    )
    assert judged(later, WAITING) == []
    assert judged({"opens_at": "2026-12-01T19:00:00+01:00"}) == []
    assert judged({"opens_at": None}) == []
    (problem,) = judged({}, OPEN | {"opens_at": None})
    assert problem.endswith(": leave it out")


def test_a_poll_that_was_opened_by_hand_passes() -> None:
    assert judged({"opens_at": "infinity"}, OPEN | {"opens_at": "infinity"}) == []


SWAPPED = [TEA | {"text": "Coffee"}, COFFEE | {"text": "Tea"}]
REUSED = [TEA | {"text": "Milk"}, COFFEE]


@pytest.mark.parametrize("running", [OPEN, CLOSED])
@pytest.mark.parametrize("reworded", [False, True])
def test_swapped_texts_are_refused_whatever_is_said(
    running: dict[str, Any], reworded: bool
) -> None:
    assert judged({"choices": SWAPPED, "choices_reworded": reworded}, running) == [
        "choice tea of the poll is to be Coffee, and votes for that have the key coffee: "
        "give each key its text back",
        "choice coffee of the poll is to be Tea, and votes for that have the key tea: "
        "give each key its text back",
    ]


def german(**choices: str) -> dict[str, Any]:
    return {"translations": {"de": GERMAN | {"choices": choices}}}


@pytest.mark.parametrize("reworded", [{}, {"choices_reworded": True}])
def test_texts_that_are_swapped_in_a_translation_are_refused(reworded: dict[str, Any]) -> None:
    assert judged(german(tea="Kaffee", coffee="Tee") | reworded) == [
        "choice tea of the poll is to be Kaffee in de, and votes for that have the key coffee: "
        "give each key its text back",
        "choice coffee of the poll is to be Tee in de, and votes for that have the key tea: "
        "give each key its text back",
    ]


def test_another_text_in_a_translation_is_refused_unless_it_means_the_same() -> None:
    milk = german(tea="Milch", coffee="Kaffee")
    (problem,) = judged(milk)
    assert problem.startswith("choice tea of the poll was Tee in de and is to be Milch: give")
    assert judged(milk | {"choices_reworded": True}) == []


@pytest.mark.parametrize("known", [None, {"tea": None, "coffee": None}, {"tea": {}}])
def test_a_translation_that_the_store_does_not_know_may_be_anything(known: Any) -> None:
    swapped = german(tea="Kaffee", coffee="Tee")
    assert judged(swapped, OPEN | {"translations": known}) == []
    assert judged(swapped, WAITING) == []


def test_a_removed_choice_does_not_come_again_under_another_key() -> None:
    (problem,) = judged({"choices": [TEA, COFFEE | {"key": "milk"}]})
    assert problem.startswith("choice milk of the poll is to be Coffee, and votes for that have")


@pytest.mark.parametrize("running", [OPEN, CLOSED])
def test_a_key_with_another_text_is_refused_unless_it_means_the_same(
    running: dict[str, Any],
) -> None:
    (problem,) = judged({"choices": REUSED}, running)
    assert problem.startswith("choice tea of the poll was Tea and is to be Milk: give another")
    assert judged({"choices": REUSED, "choices_reworded": True}, running) == []


def test_before_a_poll_opens_everything_may_change() -> None:
    assert judged({"choices": SWAPPED}, WAITING) == []
    assert judged({"choices": REUSED}, WAITING) == []
    assert judged({"choices": SWAPPED}, {}) == []


def test_a_new_choice_and_a_removed_one_are_no_mistake() -> None:
    assert judged({"choices": [TEA, TEA | {"key": "milk", "text": "Milk"}]}) == []


def test_another_poll_needs_an_empty_store() -> None:
    choices = [TEA | {"key": "a", "text": "A"}, COFFEE | {"key": "b", "text": "B"}]
    assert judged({"choices": choices}) == [
        "the store has votes of another poll, which is open, for Tea, Coffee: keep its "
        "certificate, and begin with an empty store"
    ]


def test_the_filter_has_its_name() -> None:
    assert FilterModule().filters() == {"poll_change_problems": poll_change_problems}
