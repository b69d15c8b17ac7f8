"""JSON for programs, and the description of it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from testing.redis_server import RedisServer

from .conftest import POLL, Server, through_edge

Ballots = Callable[[], list[dict[str, str]]]
JSON = {"Accept": "application/json"}
PROBLEM = "application/problem+json"


@pytest.mark.parametrize("accept", ["application/json", "text/html, */*"])
def test_a_fuzzer_finds_the_server_to_be_as_it_is_described(
    server: Server, accept: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "schemathesis.cli", "run"]
    command += ["--checks", "all", "--max-examples", "50", "--seed", "1"]
    command += ["--continue-on-failure", "--no-color", "--header", f"Accept: {accept}"]
    for name, value in through_edge().items():
        command += ["--header", f"{name}: {value}"]
    url = f"http://127.0.0.1:{server.port}/openapi.json"
    fuzzer = subprocess.run(
        [*command, url], check=False, cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert fuzzer.returncode == 0, fuzzer.stdout + fuzzer.stderr


def test_the_description_names_the_poll_and_its_choices(client: FlaskClient) -> None:
    description = client.get("/openapi.json").json
    assert description is not None
    assert description["info"]["title"] == POLL["title"]
    assert description["components"]["schemas"]["Choice"]["enum"] == ["a", "b"]
    assert description["components"]["schemas"]["Chosen"]["enum"] == ["a", "b", "test"]


def test_a_receipt_does_not_say_who_voted(stranger: FlaskClient, ballots: Ballots) -> None:
    answer = stranger.post("/", data={"vote": "a"}, headers=JSON)
    [ballot] = ballots()
    assert answer.json == {"choice": "a", "cast": int(ballot["cast"]), "node": "frontend<01>"}
    assert answer.content_type == "application/json"


def test_the_poll_is_told_to_a_program_with_its_cookie(stranger: FlaskClient) -> None:
    answer = stranger.get("/", headers=JSON)
    assert answer.json == {name: POLL[name] for name in ("title", "question", "choices")}
    assert answer.headers["Set-Cookie"].startswith("voter-any=3.")


@pytest.mark.parametrize(
    ("method", "path", "form", "status", "detail"),
    [
        ("POST", "/", {"vote": "nobody"}, 400, "There is no such choice in this poll."),
        ("POST", "/", None, 415, "A vote is a form with the field `vote`, sent as application/x"),
        ("GET", "/nowhere", None, 404, "There is no such page here."),
        ("DELETE", "/", None, 405, "This page can be read and voted on, nothing else."),
    ],
)
def test_a_refusal_is_a_problem_with_a_plain_sentence(
    client: FlaskClient, method: str, path: str, form: object, status: int, detail: str
) -> None:
    answer = client.open(path, method=method, data=form, headers=JSON)
    assert (answer.status_code, answer.content_type) == (status, PROBLEM)
    assert answer.json is not None
    assert answer.json["status"] == status
    assert answer.json["detail"].startswith(detail)


def test_a_queue_that_is_away_is_a_problem_to_try_again(
    client: FlaskClient, redis_server: RedisServer
) -> None:
    redis_server.kill()
    vote = client.post("/", data={"vote": "a"}, headers=JSON)
    for answer in (vote, client.get("/healthz", headers=JSON)):
        assert (answer.status_code, answer.content_type) == (503, PROBLEM)
        assert int(answer.headers["Retry-After"]) > 0


def test_health_is_told_in_json(client: FlaskClient) -> None:
    assert client.get("/healthz", headers=JSON).json == {"state": "open"}


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "text/html"),
        ("*/*", "text/html"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("text/html, application/json;q=0.9", "text/html"),
        ("application/json;q=0", "text/html"),
        ("application/json", "application/json"),
        ("application/json, text/plain, */*", "application/json"),
        ("text/html;q=0.1, application/json;q=0.2", "application/json"),
    ],
)
def test_a_client_gets_what_it_would_rather_have(
    client: FlaskClient, accept: str, kind: str
) -> None:
    assert client.get("/", headers={"Accept": accept}).mimetype == kind


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(accept=st.text(st.characters(codec="latin-1", exclude_categories=["Cc"])))
def test_no_wish_is_an_error_of_ours(app: Flask, accept: str) -> None:
    for wish in (accept, f"application/json{accept}"):
        assert app.test_client().get("/", headers={"Accept": wish}).status_code == 200
