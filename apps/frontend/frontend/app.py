"""The Flask application, and the short cut that pages and votes take past it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import flask
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from frontend.config import Config
from frontend.errors import HTTPError
from frontend.request import Request
from frontend.responses import Response
from frontend.vote_handler import VoteHandler

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SENTENCES = {
    404: "There is no such page here.",
    405: "This page can be read and voted on, nothing else.",
    500: "Something went wrong here. Please try again.",
}


def create_app(config: Config) -> flask.Flask:
    """The voting page of one node. It connects to the queue with the first request, not before."""
    app = flask.Flask(__name__, static_folder=None)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    handler = VoteHandler(config)

    @app.get("/")
    def form() -> flask.Response:
        return _response(handler.form(Request(flask.request.environ)))

    @app.post("/")
    def vote() -> flask.Response:
        return _response(handler.vote(Request(flask.request.environ)))

    @app.get("/healthz")
    def healthz() -> flask.Response:
        return _response(handler.health(Request(flask.request.environ)))

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

    app.wsgi_app = ShortCut(app.wsgi_app, handler)  # type: ignore[method-assign]
    return app


class ShortCut:
    """Calls the same as the routes above, without Flask's request, response and contexts.

    They cost more CPU time than all the rest, and pages and votes are what millions ask for.
    Without this class everything works the same, at half the speed.
    """

    def __init__(self, flask: "WSGIApplication", handler: VoteHandler) -> None:
        self._flask = flask
        self._actions = {"GET": handler.form, "POST": handler.vote}

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        act = self._actions.get(environ["REQUEST_METHOD"])
        if act is None or environ["PATH_INFO"] != "/":
            return self._flask(environ, start_response)
        response = act(Request(environ))
        start_response(response.status, response.headers)
        return [response.body]


def _response(response: Response) -> flask.Response:
    return flask.Response(response.body, response.status, response.headers)
