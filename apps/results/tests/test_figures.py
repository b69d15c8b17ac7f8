"""How counts become figures."""

from results.figures import Figures


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
