"""How counts become figures."""

import pytest
from results.figures import Figures, counted, lasting


def test_test_votes_are_no_part_of_the_result() -> None:
    figures = Figures.from_counts(
        "open", 0, [("test", "Test", 7), ("a", "Cats", 1), ("b", "Dogs", 2)]
    )
    assert figures.total == 3
    assert figures.test_votes == 7
    assert [(choice.key, choice.percent) for choice in figures.choices] == [
        ("a", 33.3),
        ("b", 66.7),
    ]


def test_nobody_has_voted() -> None:
    figures = Figures.from_counts("open", 0, [("a", "Cats", 0), ("b", "Dogs", 0)])
    assert [choice.percent for choice in figures.choices] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 votes"), (1, "1 vote"), (2, "2 votes"), (1_234_567, "1,234,567 votes")],
)
def test_numbers_are_said_as_people_say_them(number: int, text: str) -> None:
    assert counted(number, "vote") == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (0.31, "0.4 s"),
        (61, "61.0 s"),
        (121, "3 min"),
        (7200, "120 min"),
        (7300, "3 h"),
    ],
)
def test_how_long_something_took_is_never_said_to_be_less(seconds: float, text: str) -> None:
    assert lasting(seconds) == text
