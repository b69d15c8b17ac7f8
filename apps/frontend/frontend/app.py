"""The Flask application, and the short cut that votes take past it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from frontend.answers import Answer
from frontend.booth import Booth
from frontend.config import Config
from frontend.refusal import Refusal
from frontend.visit import Visit

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SENTENCES = {
    404: "There is no such page here.",
    405: "This page can be read and voted on, nothing else.",
    500: "Something went wrong here. Please try again.",
}


def create_app(config: Config) -> Flask:
    """The voting page of one node. It connects to the queue with the first request, not before."""
    app = Flask(__name__, static_folder=None)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    booth = Booth(config)

    @app.get("/")
    def form() -> Response:
        return _response(booth.form(Visit(request.environ)))

    @app.post("/")
    def vote() -> Response:
        return _response(booth.vote(Visit(request.environ)))

    @app.get("/healthz")
    def healthz() -> Response:
        return _response(booth.health(Visit(request.environ)))

    if path := booth.answers.pages.pictures_path:

        @app.get(path)
        def pictures() -> Response:
            return _response(booth.answers.pictures())

    @app.get("/openapi.json")
    def openapi() -> Response:
        return _response(booth.answers.description())

    @app.errorhandler(HTTPException)
    def failed(error: HTTPException) -> Response:
        status = error.code or 500
        refusal = Refusal(status, SENTENCES.get(status, "This did not work."))
        response = _response(booth.answers.refusal(Visit(request.environ), refusal))
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
        return response

    app.wsgi_app = ShortCut(app.wsgi_app, booth)  # type: ignore[method-assign]
    return app


class ShortCut:
    """Calls the same `vote` as the route above, without Flask's request, response and contexts.

    They cost more CPU time than all the rest of a vote, and votes are what millions send. Without
    this class everything works the same, at half the speed.
    """

    def __init__(self, flask: "WSGIApplication", booth: Booth) -> None:
        self._flask = flask
        self._booth = booth

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "POST" or environ["PATH_INFO"] != "/":
            return self._flask(environ, start_response)
        answer = self._booth.vote(Visit(environ))
        start_response(answer.status, answer.headers)
        return [answer.body]


def _response(answer: Answer) -> Response:
    return Response(answer.body, answer.status, answer.headers)
