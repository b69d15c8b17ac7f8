"""Which request goes where: votes, pages and health checks past Flask, everything else to it."""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response as WSGIResponse

from frontend.app import SENTENCES, create_app
from frontend.errors import HTTPError
from frontend.request import Request
from frontend.responses import Response
from frontend.vote_handler import VoteHandler

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)


class Router:
    """Calls the same methods as Flask's routes, without its request, response and contexts.

    They cost more CPU time than all the rest of a vote, and would take a thread for each. Without
    these routes everything works the same, at a fraction of the speed.
    """

    def __init__(self, handler: VoteHandler) -> None:
        """For the event loop that runs."""
        self._handler = handler
        self._flask = create_app(handler, asyncio.get_running_loop())
        self._routes: dict[tuple[str, str], Callable[[Request], Awaitable[Response]]] = {
            ("POST", "/"): handler.vote,
            ("GET", "/"): handler.form,
            ("GET", "/healthz"): handler.health,
        }

    async def respond(self, environ: "WSGIEnvironment") -> Response:
        """The response to a request, whatever happens."""
        route = self._routes.get((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        try:
            if route:
                return await route(Request(environ))
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(None, _ask, self._flask, environ)
        except Exception:
            log.exception("a request failed")
            return self.error(500)

    def error(self, status: int) -> Response:
        """A page for what is no request, or has no response."""
        error = HTTPError(status, SENTENCES.get(status, "This did not work."))
        return self._handler.responses.error(Request({}), error)


def _ask(app: "WSGIApplication", environ: "WSGIEnvironment") -> Response:
    """Ask a WSGI application (PEP 3333)."""
    response = WSGIResponse.from_app(
        app,
        {
            "SCRIPT_NAME": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        | environ,
    )
    return Response(response.status, list(response.headers), response.get_data())
