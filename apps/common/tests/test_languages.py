"""What every language has to have."""

from pathlib import Path

import pytest
from common import languages
from common.languages import LANGUAGES, Words, direction, texts

HERE = Path(languages.__file__).parent


def test_a_folder_is_a_language_and_english_is_the_first() -> None:
    folders = {path.name for path in HERE.iterdir() if path.is_dir()} - {"__pycache__"}
    assert set(LANGUAGES) == folders
    assert LANGUAGES[0] == "en"


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_each_has_the_files_of_every_other_one(language: str) -> None:
    files = {path.name for path in (HERE / "de").iterdir()}
    assert {path.name for path in (HERE / language).iterdir()} == files


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_says_all_that_the_busy_page_says(language: str) -> None:
    assert texts(language, "interlock").keys() == texts("en", "interlock").keys()


def test_english_words_are_what_they_are_asked_for() -> None:
    assert Words("en", "frontend")("Your vote") == "Your vote"
    assert Words("de", "frontend")("Your vote") == "Ihre Stimme"


def test_arabic_is_written_from_right_to_left() -> None:
    assert [direction(language) for language in ("en", "ar")] == ["ltr", "rtl"]
