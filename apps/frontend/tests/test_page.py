"""The page itself, and the headers around it."""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from common.languages import LANGUAGES, texts
from flask.testing import FlaskClient
from frontend import pages
from frontend.request import FORM


def test_the_page_asks_the_question_and_escapes_it(client: FlaskClient) -> None:
    page = client.get("/").text
    assert '<html lang="en" dir="ltr">' in page
    assert "Cats or &lt;dogs&gt;?" in page
    assert re.findall(r'<button name="vote" value="(\w+)"', page) == ["a", "b"]
    assert "<small>Node" not in page


def test_only_the_chosen_one_is_marked(client: FlaskClient) -> None:
    page = client.post("/", data={"vote": "b"}).text
    buttons = dict(re.findall(r'value="(\w+)"[^>]*aria-pressed="(\w+)"', page))
    assert buttons == {"a": "false", "b": "true"}
    assert page.count("Your vote</span>") == 1


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 200), ("POST", "/", 415), ("GET", "/x", 404), ("PUT", "/", 405)],
)
def test_every_answer_is_guarded(client: FlaskClient, method: str, path: str, status: int) -> None:
    answer = client.open(path, method=method)
    assert answer.status_code == status
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_policy_allows_the_style_that_is_sent(client: FlaskClient) -> None:
    page = client.get("/")
    style = re.search(r"<style>(.*?)</style>", page.text, re.DOTALL)
    assert style
    digest = b64encode(sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'self' 'sha256-{digest}'" in page.headers["Content-Security-Policy"]


def test_the_page_needs_nothing_from_anywhere(client: FlaskClient) -> None:
    page = client.get("/").text
    assert "<script" not in page
    assert not re.search(r'(src|href)="(?!data:|/)', page)


def test_a_wrong_method_is_told_the_right_ones(client: FlaskClient) -> None:
    assert client.put("/").headers["Allow"] == "GET, HEAD, POST"


def test_a_good_cookie_is_left_alone(client: FlaskClient) -> None:
    client.get("/")
    assert "Set-Cookie" not in client.get("/").headers


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_language_has_all_the_words_and_no_more(language: str) -> None:
    source = Path(pages.__file__).parent
    templates = " ".join(path.read_text() for path in source.glob("templates/*.html"))
    code = " ".join(path.read_text() for path in source.glob("*.py")).replace("{FORM}", FORM)
    said = set(re.findall(r'_\("([^"]+)"\)', templates))
    words = texts(language, "frontend")
    assert said <= set(words)
    assert [word for word in words if f'"{word}"' not in templates + code] == []
    refusals = re.findall(r'HTTPError\(\d+, f?"([^"]+)"|(?:sentence: str|advice) = "([^"]+)"', code)
    refusals += re.findall(r'super\(\).__init__\([^)]*"([A-Z][^"]+\.)"()', code)
    refusals += re.findall(r'\d{3}: "([^"]+)"()', code)
    told = {first or second for first, second in refusals}
    assert len(told) >= 16
    assert told <= set(words)
