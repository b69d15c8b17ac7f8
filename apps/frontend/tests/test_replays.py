"""Pages that are loaded again, gone back to, or old: nothing is stored that nobody pressed for."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from common.languages import LANGUAGES, Words
from flask import Flask
from frontend.voter import Voter
from testing.redis_server import RedisServer
from testing.waiting import wait_until

from .conftest import IMPATIENT, Browser, accept, last_in, make_app, sign

Ballots = Callable[[], list[dict[str, str]]]
JSON = {"Accept": "application/json"}
NOW = 1_790_000_000_000_000
VOTER = "0b6d2f43-0000-4000-8000-000000000000"


def chosen(page: str) -> list[str]:
    """The keys of the buttons that are marked as the voter's."""
    return re.findall(r'value="(\w+)"[^>]*aria-pressed="true"', page)


def buttons(page: str) -> list[str]:
    return re.findall(r'<button name="vote" value="(\w+)"', page)


def stored(ballots: Ballots) -> str:
    return "".join(ballot["choice"] for ballot in ballots())


def test_a_receipt_that_is_loaded_again_is_the_receipt_and_no_ballot(
    client: Browser, ballots: Ballots
) -> None:
    first = client.get("/")
    receipt = client.press(first, "a")
    again = client.press(first, "a")
    assert again.status_code == 200
    assert "Your vote is recorded: Cats" in again.text
    # At the same time, and nobody knows here which node had it.
    assert re.findall("<time.*</time>", again.text) == re.findall("<time.*</time>", receipt.text)
    assert "<small>Node" not in again.text
    assert last_in(again.text) == last_in(receipt.text)
    assert "Set-Cookie" not in again.headers
    assert stored(ballots) == "a"


def test_back_and_reload_do_not_undo_a_vote(client: Browser, ballots: Ballots) -> None:
    first = client.get("/")
    second = client.press(first, "a")
    third = client.press(second, "b")
    assert stored(ballots) == "ab"
    # Back to the receipt for Cats: the browser sends its form again.
    back = client.press(first, "a")
    assert back.status_code == 409
    assert stored(ballots) == "ab"
    # A tab that was thrown away, with the last receipt.
    assert client.press(second, "b").status_code == 200
    assert stored(ballots) == "ab"
    assert client.press(third, "a").status_code == 200
    assert stored(ballots) == "aba"


@pytest.mark.parametrize("keep", [True, False])
def test_a_press_on_an_older_page_asks_once_which_choice_counts(
    client: Browser, ballots: Ballots, keep: bool
) -> None:
    first = client.get("/")
    client.press(first, "a")
    asked = client.press(first, "b")
    assert asked.status_code == 409
    assert "This page is out of date." in asked.text
    assert "Keep: Cats" in asked.text
    assert "Change to: Dogs &amp; puppies" in asked.text
    # One press each.
    assert buttons(asked.text) == ["b"]
    assert '<a href="/" class="choice c1">' in asked.text
    assert stored(ballots) == "a"
    if keep:
        assert chosen(client.get("/").text) == ["a"]
        assert stored(ballots) == "a"
    else:
        changed = client.press(asked, "b")
        assert "Your vote is recorded: Dogs" in changed.text
        assert stored(ballots) == "ab"
        # That page may be loaded again, too.
        assert client.press(asked, "b").status_code == 200
        assert stored(ballots) == "ab"


def test_two_tabs_are_one_voter_who_is_asked(client: Browser, ballots: Ballots) -> None:
    one, two = client.get("/"), client.get("/")
    assert client.press(one, "a").status_code == 200
    assert client.press(two, "b").status_code == 409
    # The same choice on both is not a changed mind, and no question.
    assert client.press(two, "a").status_code == 200
    assert stored(ballots) == "a"


def test_a_double_press_is_one_voter_and_one_choice(app: Flask, ballots: Ballots) -> None:
    browser: Browser = app.test_client()  # type: ignore[assignment]
    page = browser.get("/")
    cookie = page.headers["Set-Cookie"].partition(";")[0]
    programs: list[Browser] = [app.test_client(use_cookies=False) for _ in range(2)]
    # The second is sent before the first is answered, and so without its cookie.
    for program in programs:
        pressed = program.post(
            "/", data={"vote": "a", "last": last_in(page.text)}, headers={"Cookie": cookie}
        )
        assert pressed.status_code == 200
    assert len({ballot["voter"] for ballot in ballots()}) == 1


@IMPATIENT
def test_a_vote_without_a_receipt_makes_no_page_old(
    app: Flask, client: Browser, redis_server: RedisServer, ballots: Ballots
) -> None:
    somebody: Browser = app.test_client()  # type: ignore[assignment]
    # A queue that does not know the script yet would ask for it first.
    assert somebody.press(somebody.get("/"), "b").status_code == 200
    page = client.get("/")
    redis_server.pause()
    refused = client.press(page, "a")
    assert refused.status_code == 503
    redis_server.resume()
    assert client.get("/healthz").status_code == 200
    # Neither for another choice on the page of before, nor for another try.
    assert client.press(page, "b").status_code == 200
    [*_, earlier, later] = ballots()
    assert (earlier["choice"], later["choice"]) == ("a", "b")
    assert int(later["cast"]) > int(earlier["cast"])


def test_after_a_vote_without_a_receipt_the_same_page_can_be_tried_again(
    client: Browser, redis_server: RedisServer, ballots: Ballots
) -> None:
    receipt = client.press(client.get("/"), "a")
    redis_server.kill()
    refused = client.press(receipt, "b")
    assert refused.status_code == 503
    assert buttons(refused.text) == ["b"]
    assert last_in(refused.text) == last_in(receipt.text)
    redis_server.start()
    assert client.press(refused, "b").status_code == 200
    assert stored(ballots) == "ab"


@IMPATIENT
def test_an_older_receipt_is_not_shown_where_a_later_vote_may_be_stored(
    client: Browser, redis_server: RedisServer, ballots: Ballots
) -> None:
    first = client.get("/")
    receipt = client.press(first, "a")
    redis_server.pause()
    assert client.press(receipt, "b").status_code == 503
    redis_server.resume()
    assert client.get("/healthz").status_code == 200
    asked = client.press(first, "a")
    assert asked.status_code == 409
    assert "Your latest vote is not confirmed. It counts if it arrived in time." in asked.text
    # Nobody can be told that the first one is kept: it has to be sent.
    assert (buttons(asked.text), "Keep" in asked.text) == (["a"], False)
    assert client.press(asked, "a").status_code == 200
    assert stored(ballots) == "aba"
    # What else was pressed for can be had, too.
    redis_server.pause()
    assert client.press(client.get("/"), "a").status_code == 503
    redis_server.resume()
    assert client.get("/healthz").status_code == 200
    assert buttons(client.press(first, "b").text) == ["a", "b"]


def test_a_page_of_version_1_has_no_such_field(app: Flask, ballots: Ballots) -> None:
    program: Browser = app.test_client(use_cookies=False)  # type: ignore[assignment]
    new = {"Cookie": f"voter-any={sign(Voter(VOTER))}"}
    assert program.post("/", data={"vote": "a"}, headers=new).status_code == 200
    voted = {"Cookie": f"voter-any={sign(Voter(VOTER, NOW, NOW, 'a'))}"}
    assert "recorded: Cats" in program.post("/", data={"vote": "a"}, headers=voted).text
    assert program.post("/", data={"vote": "b"}, headers=voted).status_code == 409
    assert stored(ballots) == "a"


def test_a_program_says_what_its_vote_is_made_from_or_votes_anyway(
    client: Browser, ballots: Ballots
) -> None:
    first = client.post("/", data={"vote": "a"}, headers=JSON).json
    assert first is not None
    assert client.post("/", data={"vote": "b"}, headers=JSON).status_code == 200
    old = {"last": first["cast"]}
    refused = client.post("/", data={"vote": "a"} | old, headers=JSON)
    assert (refused.status_code, refused.mimetype) == (409, "application/problem+json")
    assert refused.json == {
        "title": "Conflict",
        "status": 409,
        "detail": "This page is out of date.",
    }
    again = client.post("/", data={"vote": "b"} | old, headers=JSON).json
    assert again == {"choice": "b", "cast": int(ballots()[1]["cast"])}
    assert stored(ballots) == "ab"


def test_whoever_has_a_cookie_of_nothing_is_asked_on_an_old_page(
    client: Browser, ballots: Ballots
) -> None:
    old = client.press(client.get("/"), "a")
    client.delete_cookie("voter-any")
    client.get("/")
    asked = client.press(old, "b")
    assert asked.status_code == 409
    assert "Keep" not in asked.text
    assert client.press(asked, "b").status_code == 200
    assert stored(ballots) == "ab"


def test_a_question_is_in_the_language_of_the_voter(
    environ: dict[str, str], redis_server: RedisServer
) -> None:
    poll = json.loads(Path(environ["POLL_FILE"]).read_text())
    texts = {"title": "T", "question": "F", "choices": {"a": "Katzen", "b": "Hunde"}}
    Path(environ["POLL_FILE"]).write_text(
        json.dumps(poll | {"translations": dict.fromkeys(LANGUAGES[1:], texts)})
    )
    client: Browser = make_app(environ).test_client()  # type: ignore[assignment]
    accept(redis_server, "2 cats-or-dogs a,b,test")
    first = client.get("/")
    client.press(first, "a")
    for language in LANGUAGES[1:]:
        words = Words(language, "frontend")("Keep: {}").format("Katzen")
        asked = client.post(
            "/", data={"vote": "b", "last": "0"}, headers={"Accept-Language": language}
        )
        assert (asked.status_code, words in asked.text) == (409, True)


# Of 1.0.0, and the like: claims of what nobody can know, where the load balancer or the voter may
# have sent the same before.
DENIALS = ("not counted", "not be stored", "nicht gezählt", "nicht gespeichert", "لم يُحتسب")


@IMPATIENT
@pytest.mark.parametrize("kind", [{}, JSON], ids=["page", "JSON"])
def test_no_refusal_denies_that_an_earlier_try_was_stored(
    client: Browser, redis_server: RedisServer, kind: dict[str, str]
) -> None:
    said = []
    redis_server.pause()
    said.append(client.post("/", data={"vote": "a"}, headers=kind))
    redis_server.resume()
    assert client.get("/healthz").status_code == 200
    with redis_server.client() as redis:
        redis.rename("ballots", "ballots:closed")
    said.append(client.post("/", data={"vote": "a"}, headers=kind))
    said.append(client.post("/", data={"vote": "a"}, headers=kind | {"X-Edge-Token": ""}))
    said.append(client.post("/", data={"vote": "a"}, headers=kind | {"X-Edge-Token": "other"}))
    assert [answer.status_code for answer in said] == [503, 403, 403, 503]
    for answer in said:
        assert not any(denial in answer.text for denial in DENIALS)
    assert all("not confirmed" in said[number].text for number in (0, 1, 3))


@IMPATIENT
def test_after_the_closing_a_vote_in_doubt_is_named(
    client: Browser, redis_server: RedisServer
) -> None:
    receipt = client.press(client.get("/"), "a")
    redis_server.pause()
    assert client.press(receipt, "b").status_code == 503
    redis_server.resume()
    assert client.get("/healthz").status_code == 200
    with redis_server.client() as redis:
        redis.rename("ballots", "ballots:closed")
    wait_until(
        lambda: (
            "Your latest vote is not confirmed. It counts if it arrived in time."
            in client.get("/").text
        )
    )
    refused = client.press(receipt, "b")
    assert refused.status_code == 403
    assert "Of your votes, the last one that arrived in time counts." in refused.text
