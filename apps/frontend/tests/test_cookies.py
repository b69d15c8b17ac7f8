"""Which cookie makes a voter of a browser, and what other sites can do about it: nothing."""

import json
from collections.abc import Callable
from hmac import digest
from pathlib import Path

import pytest
from common.languages import LANGUAGES, Words
from flask import Flask
from flask.testing import FlaskClient
from frontend.voter import Voter, VoterCookieSigner
from testing.redis_server import RedisServer
from werkzeug.test import TestResponse

from .conftest import COOKIE_KEY, Browser, cookie_of, make_app, sign

Ballots = Callable[[], list[dict[str, str]]]
NOW = 1_790_000_000_000_000
VOTER, OTHER = "0b6d2f43-0000-4000-8000-000000000000", "0b6d2f43-0000-4000-8000-000000000001"
OURS = f"voter-any={sign(Voter(VOTER))}"
FORGED = f"voter-any={sign(Voter(VOTER))[:-1]}"


def of_1_0_0(voter: str, last_cast: int = 0, choice: str = "") -> str:
    """A cookie as version 1.0.0 signed it."""
    payload = f"2.{voter}.{last_cast}.{choice}"
    return f"voter={payload}.{digest(COOKIE_KEY.encode(), payload.encode(), 'sha256').hex()}"


def vote(client: FlaskClient, cookies: str, choice: str = "a", last: int = 0) -> TestResponse:
    form = {"vote": choice, "last": str(last)}
    return client.post("/", data=form, headers={"Cookie": cookies})


@pytest.mark.parametrize(
    "cookies",
    [
        OURS,
        f"voter-any=other-app; {OURS}",
        f"{OURS}; voter-any=other-app",
        f"{FORGED}; {OURS}",
        f"voter=other-app; {OURS}; voter=",
        f"theme=dark; {OURS}; lang=en",
        f"voter-any=; voter-any; ;;{OURS} ",
        # A genuine one of an earlier version, planted beside ours, is not looked at.
        f"{of_1_0_0(OTHER)}; {OURS}",
    ],
)
def test_the_first_cookie_that_we_signed_counts_whatever_others_there_are(
    stranger: FlaskClient, ballots: Ballots, cookies: str
) -> None:
    page = stranger.get("/", headers={"Cookie": cookies})
    assert "Set-Cookie" not in page.headers
    answer = vote(stranger, cookies)
    assert answer.status_code == 200
    assert [ballot["voter"] for ballot in ballots()] == [VOTER]
    assert "; Max-Age=2592000; " in answer.headers["Set-Cookie"]


@pytest.mark.parametrize("cookies", ["voter-any=other-app", "voter=other-app", FORGED, "voter-any"])
def test_a_cookie_of_another_site_locks_nobody_out(
    stranger: FlaskClient, ballots: Ballots, cookies: str
) -> None:
    page = stranger.get("/", headers={"Cookie": cookies})
    own = f"{cookies}; voter-any={cookie_of(page.headers)}"
    assert vote(stranger, own).status_code == 200
    assert len(ballots()) == 1
    # It is not ours to remove.
    assert len(page.headers.getlist("Set-Cookie")) == 1


def test_without_https_one_cookie_serves_both_schemes(client: Browser, ballots: Ballots) -> None:
    for scheme in ("https", "http", "https"):
        page = client.get("/", headers={"X-Forwarded-Proto": scheme})
        assert client.press(page, "a").status_code == 200
    assert len({ballot["voter"] for ballot in ballots()}) == 1


def test_a_cookie_is_out_of_reach_for_scripts_and_for_plain_http_where_that_is_asked(
    environ: dict[str, str],
) -> None:
    for https_only, name, secure in (
        ("false", "voter-any", ""),
        ("true", "__Host-voter", "; Secure"),
    ):
        app = make_app(environ | {"HTTPS_ONLY": https_only})
        for scheme in ("http", "https"):
            answer = app.test_client().get("/", headers={"X-Forwarded-Proto": scheme})
            cookie = answer.headers["Set-Cookie"]
            assert cookie.startswith(f"{name}=3.")
            assert cookie.partition(";")[2] == (
                f" Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax{secure}"
            )


def test_with_https_only_no_other_site_can_set_our_cookie(
    environ: dict[str, str], ballots: Ballots
) -> None:
    client = make_app(environ | {"HTTPS_ONLY": "true"}).test_client(use_cookies=False)
    # A browser takes a name with this prefix from the host itself only.
    planted = f"voter-any={sign(Voter(OTHER))}; voter={sign(Voter(OTHER))}"
    assert vote(client, f"{planted}; __Host-voter={sign(Voter(VOTER))}").status_code == 200
    assert vote(client, planted).status_code == 200
    first, second = (ballot["voter"] for ballot in ballots())
    assert first == VOTER
    assert second not in (VOTER, OTHER)


@pytest.mark.parametrize("https_only", ["true", "false"])
def test_a_voter_of_version_1_stays_the_same_voter(
    environ: dict[str, str], ballots: Ballots, https_only: str
) -> None:
    client = make_app(environ | {"HTTPS_ONLY": https_only}).test_client(use_cookies=False)
    old = of_1_0_0(VOTER, NOW * 2, "a")
    page = client.get("/", headers={"Cookie": old})
    assert f'name="last" value="{NOW * 2}"' in page.text
    answer = vote(client, old, "b", NOW * 2)
    assert answer.status_code == 200
    [ballot] = ballots()
    # Its frontend's clock was ahead, and yet this one is later.
    assert (ballot["voter"], ballot["cast"]) == (VOTER, str(NOW * 2 + 1))
    assert "=3." in answer.headers["Set-Cookie"]


def test_a_page_of_ours_that_version_1_took_the_vote_of_is_one_voter(
    stranger: FlaskClient, ballots: Ballots
) -> None:
    # Amid an update: the page's cookie has no vote yet, the old frontend's has one.
    assert vote(stranger, f"{OURS}; {of_1_0_0(OTHER, NOW, 'a')}", "b", NOW).status_code == 200
    [ballot] = ballots()
    assert ballot["voter"] == OTHER


@pytest.mark.parametrize("wrong", [915_148_800_000_000, 10_000_000_000_000_000])
def test_a_clock_that_was_out_of_range_locks_no_voter_of_version_1_out(
    stranger: FlaskClient, ballots: Ballots, wrong: int
) -> None:
    old = of_1_0_0(VOTER, wrong, "a")
    assert 'name="last" value="0"' in stranger.get("/", headers={"Cookie": old}).text
    assert vote(stranger, old, "b").status_code == 200
    [ballot] = ballots()
    assert (ballot["voter"], len(ballot["cast"])) == (VOTER, 16)


@pytest.mark.parametrize("version", ["1", "2", "4"])
def test_a_cookie_of_another_version_under_this_name_is_nobodys(
    stranger: FlaskClient, ballots: Ballots, version: str
) -> None:
    payload = f"{version}.{VOTER}.0.."
    signed = f"{payload}.{digest(COOKIE_KEY.encode(), payload.encode(), 'sha256').hex()}"
    assert vote(stranger, f"voter-any={signed}").status_code == 200
    assert ballots()[0]["voter"] != VOTER


def test_while_the_key_rotates_a_voter_is_counted_once(
    environ: dict[str, str], ballots: Ballots
) -> None:
    jar = ""
    last = 0
    for keys in (
        "the-old-cookie-key",
        "the-old-cookie-key\nthe-new-cookie-key",
        "the-new-cookie-key\nthe-old-cookie-key",
        "the-new-cookie-key",
    ):
        Path(environ["COOKIE_KEY_FILE"]).write_text(keys)
        client = make_app(environ).test_client(use_cookies=False)
        answer = vote(client, jar, last=last)
        assert answer.status_code == 200
        jar = f"voter-any={cookie_of(answer.headers)}"
        last = int(ballots()[-1]["cast"])
    assert len({ballot["voter"] for ballot in ballots()}) == 1
    assert len(ballots()) == 4


def test_while_the_edge_token_rotates_votes_of_both_are_taken(
    environ: dict[str, str], ballots: Ballots
) -> None:
    Path(environ["EDGE_TOKEN_FILE"]).write_text("the-new-edge-token\nthe-old-edge-token\n")
    client = make_app(environ).test_client()
    for token in ("the-new-edge-token", "the-old-edge-token"):
        answer = client.post(
            "/", data={"vote": "a"}, headers={"X-Edge-Token": token, "Accept": "application/json"}
        )
        assert answer.status_code == 200
    assert len(ballots()) == 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_browser_without_a_cookie_is_told_that_its_vote_is_final(
    environ: dict[str, str], ballots: Ballots, language: str
) -> None:
    poll = Path(environ["POLL_FILE"])
    texts = {"title": "T", "question": "F", "choices": {"a": "A", "b": "B"}}
    translations = {"translations": dict.fromkeys(LANGUAGES[1:], texts)}
    poll.write_text(json.dumps(json.loads(poll.read_text()) | translations))
    english = "This browser keeps no cookie for this site, so this vote cannot be changed."
    client: Browser = make_app(environ).test_client(use_cookies=False)  # type: ignore[assignment]
    answer = client.post(
        "/", data={"vote": "a", "last": "0"}, headers={"Accept-Language": language}
    )
    assert answer.status_code == 200
    assert Words(language, "frontend")(english) in answer.text
    assert "<form" not in answer.text
    assert "<button" not in answer.text
    assert len(ballots()) == 1


def test_a_browser_with_a_cookie_is_not_told_so(app: Flask, redis_server: RedisServer) -> None:
    client: Browser = app.test_client()  # type: ignore[assignment]
    page = client.press(client.get("/"), "a")
    assert "cookie" not in page.text
    assert "<form" in page.text


def test_the_name_is_as_the_description_says(environ: dict[str, str]) -> None:
    for https_only in ("false", "true"):
        client = make_app(environ | {"HTTPS_ONLY": https_only}).test_client()
        description = client.get("/openapi.json").text
        name = VoterCookieSigner([b""], https_only=https_only == "true").name
        assert f"`{name}`" in description
        assert "COOKIE" not in description
