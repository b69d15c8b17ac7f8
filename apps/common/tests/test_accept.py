"""Which language a visitor gets."""

import pytest
from common.accept import best_language


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr", "en"),
        ("en;q=0.5, de", "de"),
        ("\xff", "en"),
    ],
)
def test_a_visitor_gets_a_language_to_read(accepted: str, language: str) -> None:
    assert best_language(accepted, ["en", "de"]) == language
