"""How words, counts and times are said in each language."""

import json
import re
from pathlib import Path

import pytest
from babel import Locale
from common.languages import LANGUAGES
from results import renderer
from results.words import ResultsWords

SOURCE = Path(renderer.__file__).parent


@pytest.mark.parametrize(
    ("language", "number", "text"),
    [
        ("en", 0, "0 votes"),
        ("en", 1, "1 vote"),
        ("en", 2, "2 votes"),
        ("en", 1_234_567, "1,234,567 votes"),
        ("de", 0, "0 Stimmen"),
        ("de", 1, "1 Stimme"),
        ("de", 1_234_567, "1.234.567 Stimmen"),
        ("ar", 0, "لا أصوات"),
        ("ar", 1, "صوت واحد"),
        ("ar", 2, "صوتان"),
        ("ar", 3, "3 أصوات"),
        ("ar", 10, "10 أصوات"),
        ("ar", 11, "11 صوتًا"),
        ("ar", 99, "99 صوتًا"),
        ("ar", 100, "100 صوت"),
        ("ar", 102, "102 صوت"),
        ("ar", 1_103, "1,103 أصوات"),
        ("ar", 1_111, "1,111 صوتًا"),
    ],
)
def test_votes_are_counted_as_people_count(language: str, number: int, text: str) -> None:
    assert ResultsWords(language).counted(number, "vote") == text


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
    assert ResultsWords("en").lasting(seconds) == text


def test_a_share_has_the_sign_of_the_language() -> None:
    assert ResultsWords("de").number(33.3, 1) == "33,3"
    assert ResultsWords("de").lasting(0.31) == "0,4 s"
    assert ResultsWords("ar").number(33.3, 1) == "33.3"


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_language_has_all_the_words_and_no_more(language: str) -> None:
    files = [*SOURCE.glob("templates/*.html"), *SOURCE.glob("*.py")]
    code = " ".join(path.read_text() for path in files)
    nouns = set(re.findall(r'counted\([^"]+, "([^"]+)"\)', code))
    said = set(re.findall(r'(?:\b_|words|self)\("([^"]+)"\)', code)) | {renderer.NO_FIGURES}
    known = ResultsWords(language).known
    assert len(nouns) >= 4 and len(said) >= 16
    assert nouns | said <= set(known)
    assert [word for word in known if f'"{word}"' not in code] == []
    forms = set(Locale.parse(language).plural_form.tags) | {"other"}
    assert {word: set(known[word]) for word in nouns} == dict.fromkeys(nouns, forms)


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_what_is_known_only_later_has_its_places(language: str) -> None:
    for english, words in ResultsWords(language).known.items():
        if isinstance(words, str):
            assert words.count("{}") == english.count("{}"), json.dumps(words)
        else:
            assert "{}" in words["other"]
