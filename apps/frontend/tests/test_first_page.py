"""The first page is the load balancer's, with a cookie that is good for a first vote only."""

import json
from collections.abc import Callable
from dataclasses import replace
from hmac import digest
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from common import voter_cookie
from flask.testing import FlaskClient
from frontend.voter import Voter, VoterCookieSigner
from testing.edge import Edge
from testing.redis_server import RedisServer
from testing.waiting import wait_until

from .conftest import (
    COOKIE,
    COOKIE_KEY,
    LABELS,
    NEW_VOTER_KEY,
    Server,
    balance,
    cookie_of,
    last_in,
    make_app,
    sign,
)

Ballots = Callable[[], list[dict[str, str]]]
OTHER_KEY = "another-new-voter-key"


def minted(key: str = NEW_VOTER_KEY, uuid: str = "") -> str:
    """The value of a cookie as a load balancer makes it."""
    payload = f"{voter_cookie.NEW}.{uuid or uuid4()}"
    return f"{payload}.{digest(key.encode(), payload.encode(), 'sha256').hex()}"


@pytest.fixture
def site(edge: Edge, server: Server) -> Edge:
    balance(edge, server)
    return edge


def get(site: Edge, cookie: str = "", **headers: str) -> tuple[str, str]:
    """The page, and the cookie that a browser has then."""
    sent = headers | ({"Cookie": f"{COOKIE}={cookie}"} if cookie else {})
    status, body, answer = site.get(headers=sent)
    assert status == 200
    return body.decode(), cookie_of(answer) or cookie


def press(site: Edge, cookie: str, choice: str, last: str) -> tuple[int, str, str]:
    """Status, page, and the cookie that a browser has then."""
    status, body, answer = site.get(
        method="POST",
        body=urlencode({"vote": choice, "last": last}).encode(),
        headers={
            "Cookie": f"{COOKIE}={cookie}",
            "Content-Type": "application/x-www-form-urlencoded",
        },
    )
    return status, body.decode(), cookie_of(answer) or cookie


def test_who_never_came_votes_changes_the_mind_and_sees_the_choice(
    site: Edge, ballots: Ballots
) -> None:
    page, cookie = get(site)
    assert cookie.startswith("new.")
    assert last_in(page) == "0"
    status, page, cookie = press(site, cookie, "a", "0")
    assert status == 200
    assert "Your vote is recorded: Cats" in page
    assert "keeps no cookie" not in page
    assert cookie.startswith("3.")
    page, same = get(site, cookie)
    assert same == cookie
    assert 'value="a" class="choice c1" aria-pressed="true"' in page
    status, page, cookie = press(site, cookie, "b", last_in(page))
    assert "Your vote is recorded: Dogs" in page
    assert [ballot["choice"] for ballot in ballots()] == ["a", "b"]
    assert len({ballot["voter"] for ballot in ballots()}) == 1


def test_everybody_is_somebody_else(site: Edge, ballots: Ballots) -> None:
    for _ in range(10):
        _, cookie = get(site)
        assert press(site, cookie, "a", "0")[0] == 200
    assert len({ballot["voter"] for ballot in ballots()}) == 10


def test_a_page_for_all_has_nothing_of_one_voter(site: Edge) -> None:
    _, cookie = get(site)
    _, _, voted = press(site, cookie, "b", "0")
    get(site, voted)
    for _ in range(3):
        page, other = get(site)
        assert last_in(page) == "0"
        assert 'aria-pressed="true"' not in page
        assert other.startswith("new.") and other != cookie


def test_the_same_cookie_again_is_the_same_voter(site: Edge, ballots: Ballots) -> None:
    # A double press, or whoever puts the first cookie back.
    _, cookie = get(site)
    for choice in "aab":
        assert press(site, cookie, choice, "0")[0] == 200
    assert len({ballot["voter"] for ballot in ballots()}) == 1
    casts = [int(ballot["cast"]) for ballot in ballots()]
    assert casts == sorted(casts)


@pytest.mark.parametrize("last", ["1", "1790000000000000", "9999999999999999"])
def test_a_changed_form_stores_nothing(site: Edge, ballots: Ballots, last: str) -> None:
    _, cookie = get(site)
    status, page, after = press(site, cookie, "a", last)
    assert status == 409
    assert last_in(page) == "0"
    assert after == cookie
    assert ballots() == []


def test_it_is_set_as_a_frontend_sets_its_own(site: Edge) -> None:
    edge_flags = site.get()[2]["Set-Cookie"].partition(";")[2]
    ours = VoterCookieSigner([b"key"]).set_cookie(Voter("x"))
    assert edge_flags == ours.partition(";")[2]


@pytest.mark.parametrize(
    "cookie",
    [
        minted(OTHER_KEY),
        minted(COOKIE_KEY),
        minted()[:-1],
        minted(NEW_VOTER_KEY, f"{uuid4()}.1790000000000000"),
        f"new.{uuid4()}",
        "new.",
        "new..",
        # The key of load balancers signs nothing that says of votes.
        VoterCookieSigner([NEW_VOTER_KEY.encode()]).sign(Voter(str(uuid4()), 1, 1, "a")),
    ],
)
def test_whatever_else_is_nobody(stranger: FlaskClient, cookie: str) -> None:
    page = stranger.get("/", headers={"Cookie": f"{COOKIE}={cookie}"})
    assert cookie_of(page.headers).startswith("3.")


def test_it_names_no_voter_of_the_ledger(stranger: FlaskClient, ballots: Ballots) -> None:
    headers = {"Cookie": f"{COOKIE}={minted()}"}
    stranger.post("/", data={"vote": "a", "last": "0"}, headers=headers)
    [voter] = [ballot["voter"] for ballot in ballots()]
    # Whoever reads the ledger and has the key.
    headers = {"Cookie": f"{COOKIE}={minted(uuid=voter)}"}
    stranger.post("/", data={"vote": "b", "last": "0"}, headers=headers)
    assert len({ballot["voter"] for ballot in ballots()}) == 2


def test_while_the_key_rotates_both_are_accepted_as_the_same_voter(
    environ: dict[str, str], ballots: Ballots
) -> None:
    uuid = str(uuid4())
    Path(environ["NEW_VOTER_KEY_FILE"]).write_text(f"{NEW_VOTER_KEY}\n{OTHER_KEY}\n")
    client = make_app(environ).test_client(use_cookies=False)
    for key in (NEW_VOTER_KEY, OTHER_KEY):
        headers = {"Cookie": f"{COOKIE}={minted(key, uuid)}"}
        answer = client.post("/", data={"vote": "a", "last": "0"}, headers=headers)
        assert answer.status_code == 200
    assert len({ballot["voter"] for ballot in ballots()}) == 1


def test_one_of_ours_goes_before_one_of_a_load_balancer(
    stranger: FlaskClient, ballots: Ballots
) -> None:
    ours = sign(Voter(str(uuid4()), 1_790_000_000_000_000, 1_790_000_000_000_000, "a"))
    page = stranger.get("/", headers={"Cookie": f"{COOKIE}={ours}; {COOKIE}={minted(OTHER_KEY)}"})
    assert 'value="a" class="choice c1" aria-pressed="true"' in page.text


def test_a_closed_poll_is_seen_after_a_second(site: Edge, redis_server: RedisServer) -> None:
    assert "Cats or &lt;dogs&gt;?" in get(site)[0]
    with redis_server.client() as redis:
        redis.rename("ballots", "ballots:closed")
    wait_until(lambda: "The poll is closed." in get(site)[0], seconds=2.5)
    with redis_server.client() as redis:
        redis.rename("ballots:closed", "ballots:waiting")
    wait_until(lambda: "The poll is not open yet." in get(site)[0], seconds=2.5)
    with redis_server.client() as redis:
        redis.rename("ballots:waiting", "ballots")
    wait_until(lambda: "<form" in get(site)[0], seconds=2.5)


def test_it_is_in_the_voters_language(edge: Edge, environ: dict[str, str], tmp_path: Path) -> None:
    poll = json.loads(Path(environ["POLL_FILE"]).read_text())
    texts = {"title": "T", "question": "Katzen?", "choices": {"a": "Katzen", "b": "Hunde"}}
    poll["translations"] = {"de": texts}
    Path(environ["POLL_FILE"]).write_text(json.dumps(poll))
    server = Server(environ, tmp_path / "german.log")
    try:
        balance(edge, server, labels=replace(LABELS, languages=("en", "de")))
        for language, lang in (("de-AT,de;q=0.9", "de"), ("fr", "en"), ("ar,de;q=0.5", "de")):
            page, cookie = get(edge, **{"Accept-Language": language})
            assert f'<html lang="{lang}"' in page
            page, _ = get(edge, cookie, **{"Accept-Language": language})
            assert f'<html lang="{lang}"' in page
    finally:
        server.stop()


def test_a_program_still_gets_the_poll(site: Edge) -> None:
    status, body, headers = site.get(headers={"Accept": "application/json"})
    assert status == 200
    assert json.loads(body)["title"] == "Cats vs Dogs"
    assert cookie_of(headers).startswith("3.")
