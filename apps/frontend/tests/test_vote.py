"""A vote, from a form to the queue."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from testing.redis_server import RedisServer
from werkzeug.test import TestResponse

from .conftest import TEST_TOKEN, last_in, request_id

Ballots = Callable[[], list[dict[str, str]]]
FORM = "application/x-www-form-urlencoded"


def vote(client: FlaskClient, choice: str = "a", **headers: str) -> TestResponse:
    """Press a choice on a page that is loaded for it; a program without cookies just votes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    last = last_in(client.get("/", headers=named).text)
    return client.post("/", data={"vote": choice, "last": last}, headers=named)


def test_a_vote_is_in_the_queue_when_it_is_acknowledged(
    client: FlaskClient, ballots: Ballots
) -> None:
    answer = vote(client, "b")
    assert answer.status_code == 200
    assert "<small>Node frontend&lt;01&gt;</small>" in answer.text
    [ballot] = ballots()
    assert " ".join(ballot) == "poll voter choice cast flag node boot seq mac"
    assert (ballot["choice"], ballot["node"], len(ballot["voter"])) == ("b", "frontend<01>", 36)


def test_one_browser_is_one_voter_whose_casts_ascend(client: FlaskClient, ballots: Ballots) -> None:
    client.get("/")
    for choice in ("a", "b", "a"):
        vote(client, choice)
    assert len({ballot["voter"] for ballot in ballots()}) == 1
    casts = [int(ballot["cast"]) for ballot in ballots()]
    assert casts == sorted(set(casts))


def test_the_first_page_brings_the_cookie_so_that_a_double_click_is_one_voter(
    stranger: FlaskClient, ballots: Ballots
) -> None:
    cookie = stranger.get("/").headers["Set-Cookie"].partition(";")[0]
    vote(stranger, Cookie=cookie)
    vote(stranger, Cookie=cookie)
    assert len({ballot["voter"] for ballot in ballots()}) == 1


def test_two_strangers_are_two_voters(stranger: FlaskClient, ballots: Ballots) -> None:
    vote(stranger)
    vote(stranger)
    assert len({ballot["voter"] for ballot in ballots()}) == 2


def test_a_request_the_load_balancer_sends_again_is_one_voter(
    stranger: FlaskClient, ballots: Ballots
) -> None:
    sent = request_id()
    for _ in range(2):
        vote(stranger, X_Request_ID=sent)
    assert {ballot["voter"] for ballot in ballots()} == {sent}
    assert len({ballot["cast"] for ballot in ballots()}) == 1


@pytest.mark.parametrize(("token", "status"), [("", 403), ("guessed", 503), ("\xff", 503)])
def test_a_vote_that_the_load_balancer_does_not_vouch_for_is_refused(
    client: FlaskClient, ballots: Ballots, token: str, status: int
) -> None:
    refused = vote(client, X_Edge_Token=token)
    assert refused.status_code == status
    assert ("Retry-After" in refused.headers) == (status == 503)
    assert ballots() == []


@pytest.mark.parametrize(
    "odd", ["", "any", "01890a5d-ac96-474b-bcce-b302099a8057", f"{request_id()},{request_id()}"]
)
def test_a_vote_whose_request_has_no_time_is_refused(
    client: FlaskClient, ballots: Ballots, odd: str
) -> None:
    assert vote(client, X_Request_ID=odd).status_code == 503
    assert ballots() == []


def test_the_test_vote_needs_the_token_of_the_deployment(
    client: FlaskClient, ballots: Ballots
) -> None:
    unknown = vote(client, "nobody")
    for token in ("", "guessed", "\xff", TEST_TOKEN[:-1]):
        refused = vote(client, "test", X_Test_Token=token)
        # A stranger is not told that there is such a vote.
        assert (refused.status_code, refused.text) == (400, unknown.text)
    assert ballots() == []
    assert vote(client, "test", X_Test_Token=TEST_TOKEN).status_code == 200
    assert [ballot["choice"] for ballot in ballots()] == ["test"]
    assert vote(client, "a", X_Test_Token=TEST_TOKEN).status_code == 200


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"data": b"", "content_type": FORM}, 400),
        ({"data": {"vote": "nobody"}}, 400),
        ({"data": {"vote": ["a", "b"]}}, 400),
        ({"data": b"vote=%ff", "content_type": FORM}, 400),
        ({"data": b"vote=a" + b"&x=" + b"x" * 16384, "content_type": FORM}, 413),
        ({"data": b"vote=a", "content_type": "text/plain"}, 415),
        ({"json": {"vote": "a"}}, 415),
        ({"data": {"vote": "a"}, "headers": {"Sec-Fetch-Site": "cross-site"}}, 403),
        ({"data": {"vote": "a", "last": "yesterday"}}, 400),
    ],
)
def test_what_is_no_vote_is_refused_in_a_sentence_and_not_stored(
    stranger: FlaskClient, ballots: Ballots, request_: dict[str, Any], status: int
) -> None:
    answer = stranger.post("/", **request_)
    assert answer.status_code == status
    assert "<h1>" in answer.text
    assert ballots() == []


def test_the_beginning_of_a_form_is_no_vote(stranger: FlaskClient, ballots: Ballots) -> None:
    # `vote=a` is also how a vote for `abc` begins, when its sender leaves in the middle of it.
    announced = {"CONTENT_LENGTH": "8"}
    answer = stranger.post("/", data=b"vote=a", content_type=FORM, environ_overrides=announced)
    assert answer.status_code == 400
    assert ballots() == []


# One queue serves all examples: whatever they store, none may end in an error of ours.
once = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@once
@given(body=st.binary(max_size=200), kind=st.sampled_from([FORM, f"{FORM}; charset=x", "\x7f", ""]))
def test_no_body_is_an_error_of_ours(app: Flask, body: bytes, kind: str) -> None:
    answer = app.test_client().post("/", data=body, content_type=kind)
    assert answer.status_code in (200, 400, 415)


@once
@given(cookie=st.text(st.characters(codec="latin-1", exclude_categories=["Cc"])))
def test_no_cookie_is_an_error_of_ours(app: Flask, cookie: str) -> None:
    client = app.test_client(use_cookies=False)
    for header in (cookie, f"voter={cookie}", f"voter-any={cookie}"):
        assert vote(client, Cookie=header).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://localhost"}, 200),
        ({"Origin": "http://elsewhere.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_only_our_own_page_can_vote_for_a_visitor(
    client: FlaskClient, headers: dict[str, str], status: int
) -> None:
    assert vote(client, **headers).status_code == status


def test_a_failed_change_is_not_shown_as_the_choice(
    client: FlaskClient, redis_server: RedisServer
) -> None:
    assert vote(client, "a").status_code == 200
    redis_server.kill()
    assert vote(client, "b").status_code == 503
    redis_server.start()
    assert re.search(r'value="a"[^>]*aria-pressed="true"', client.get("/").text)
