"""The Flask application. Votes, pages and health checks take a way past it: frontend.server."""

import asyncio
from collections.abc import Coroutine

import flask
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from frontend.errors import HTTPError
from frontend.request import Request
from frontend.responses import Response
from frontend.vote_handler import VoteHandler

SENTENCES = {
    404: "There is no such page here.",
    405: "This page can be read and voted on, nothing else.",
    500: "Something went wrong here. Please try again.",
}


def create_app(handler: VoteHandler, loop: asyncio.AbstractEventLoop) -> flask.Flask:
    """The voting page of one node, for other threads than that of `loop`, on which `handler` is."""
    app = flask.Flask(__name__, static_folder=None)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False

    def wait_for(response: Coroutine[object, object, Response]) -> flask.Response:
        return _response(asyncio.run_coroutine_threadsafe(response, loop).result())

    @app.get("/")
    def form() -> flask.Response:
        return wait_for(handler.form(Request(flask.request.environ)))

    @app.post("/")
    def vote() -> flask.Response:
        return wait_for(handler.vote(Request(flask.request.environ)))

    @app.get("/healthz")
    def healthz() -> flask.Response:
        return wait_for(handler.health(Request(flask.request.environ)))

    if path := handler.responses.pages.pictures_path:

        @app.get(path)
        def pictures() -> flask.Response:
            return _response(handler.responses.pictures())

    @app.get("/openapi.json")
    def openapi() -> flask.Response:
        return _response(handler.responses.description())

    @app.errorhandler(HTTPException)
    def failed(error: HTTPException) -> flask.Response:
        status = error.code or 500
        shown = HTTPError(status, SENTENCES.get(status, "This did not work."))
        response = _response(handler.responses.error(Request(flask.request.environ), shown))
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
        return response

    return app


def _response(response: Response) -> flask.Response:
    return flask.Response(response.body, response.status, response.headers)
