"""The way past Flask leads to the same responses."""

import asyncio
import logging
from typing import Any

import pytest
from flask.testing import FlaskClient
from frontend.config import Config
from frontend.responses import Response
from frontend.router import Router
from frontend.vote_handler import VoteHandler
from testing.event_loop import run
from testing.redis_server import RedisServer
from werkzeug.test import EnvironBuilder

from .conftest import FORM, through_edge


@pytest.fixture
def router(environ: dict[str, str]) -> Router:
    async def make() -> Router:
        return Router(VoteHandler(Config.from_environ(environ)))

    found: Router = run(make())
    return found


def ask(router: Router, **request: Any) -> Response:
    response: Response = run(router.respond(EnvironBuilder(**request).get_environ()))
    return response


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"path": "/"}, 200),
        ({"path": "/?vote=a"}, 200),
        ({"path": "/", "headers": {"X-Edge-Cookie": "set"}}, 200),
        ({"path": "/", "method": "HEAD"}, 200),
        ({"path": "/", "method": "POST", "data": b"vote=a", "headers": FORM}, 200),
        ({"path": "/", "method": "POST", "data": b"vote=x", "headers": FORM}, 400),
        ({"path": "/", "method": "PUT"}, 405),
        ({"path": "/healthz"}, 200),
        ({"path": "/openapi.json"}, 200),
        ({"path": "//"}, 308),
        ({"path": "/%ff"}, 404),
    ],
)
def test_it_is_the_same_as_flasks(
    router: Router, stranger: FlaskClient, request_: dict[str, Any], status: int
) -> None:
    request = {**request_, "headers": through_edge() | request_.get("headers", {})}
    ours, flasks = ask(router, **request), stranger.open(**request)
    assert (ours.status, flasks.status_code) == (flasks.status, status)
    assert len(ours.body) == len(flasks.data)
    for name, value in ours.headers:
        assert flasks.headers[name] == value or name == "Set-Cookie"
    assert len(ours.headers) == len(flasks.headers)


def test_many_who_come_at_once_are_one_look_at_the_queue(
    router: Router, redis_server: RedisServer
) -> None:
    async def come() -> list[Response]:
        environ = EnvironBuilder(path="/").get_environ()
        return await asyncio.gather(*(router.respond(environ) for _ in range(20)))

    assert {response.status for response in run(come())} == {"200 OK"}
    with redis_server.client() as redis:
        assert redis.info("commandstats")["cmdstat_exists"]["calls"] == 1


def test_what_nobody_thought_of_is_a_page_and_a_line_in_the_log(
    router: Router, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delattr(VoteHandler, "_is_tester")
    response = ask(router, path="/", method="POST", data=b"vote=test", headers=FORM)
    assert response.status == "403 Forbidden"
    request = {"path": "/", "method": "POST", "data": b"vote=test&last=0"}
    response = ask(router, **request, headers=FORM | through_edge())
    assert response.status == "500 Internal Server Error"
    assert b"Something went wrong here." in response.body
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
