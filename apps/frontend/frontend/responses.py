"""HTTP responses: a page, or JSON for clients that ask for it. No I/O."""

import json
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

from frontend.config import Config
from frontend.errors import HTTPError, PageOutOfDate, PollClosed, PollNotOpen, ServiceUnavailable
from frontend.pages import Pages
from frontend.poll import TEST_KEY, Poll
from frontend.request import Request
from frontend.voter import Voter, VoterCookieSigner

RETRY_AFTER_SECONDS = "2"
STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
HTML = "text/html; charset=utf-8"
JSON = "application/json"
# https://www.rfc-editor.org/rfc/rfc9457
PROBLEM = "application/problem+json"
# Somebody who has not voted; who it is, no page says.
NOBODY = Voter("")
DESCRIPTION = Path(__file__).with_name("openapi.json")


class Response(NamedTuple):
    """What WSGI wants: `200 OK`, pairs of header name and value, the body."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


class Responses:
    """Makes responses. Each is for one voter only, so no cache may keep it; but `shared_form`
    and `pictures`, which are for all."""

    def __init__(self, config: Config, signer: VoterCookieSigner) -> None:
        self._node = config.node
        self._signer = signer
        self.pages = Pages(config.poll, config.node)
        self._poll = _as_json(config.poll)
        self._description = _description(config.poll, signer.name)
        self._always = [
            ("Content-Security-Policy", self.pages.csp),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "same-origin"),
        ]

    def form(
        self, request: Request, voter: Voter, seen: PollClosed | PollNotOpen | None
    ) -> Response:
        """The page to vote on, or why there is none."""
        if request.wants_json:
            return self._response(200, JSON, self._poll)
        return self._response(200, HTML, self._page(request.accept_language, voter, seen))

    def shared_form(self, request: Request, seen: PollClosed | PollNotOpen | None) -> Response:
        """The same for all who have no cookie, and read this language: nothing else of the request
        is in it. The load balancer may keep it for a second, and sets each visitor's cookie."""
        page = self._page(request.accept_language, NOBODY, seen)
        return self._response(200, HTML, page, "max-age=1")

    def receipt(self, request: Request, voter: Voter, *, is_known: bool) -> Response:
        """What was stored, and the name of the node that has it. Who voted is not repeated.

        `is_known`: the browser sent a cookie of ours, and so can change the vote.
        """
        if request.wants_json:
            receipt = {"choice": voter.choice, "cast": voter.acknowledged, "node": self._node}
            return self._response(200, JSON, json.dumps(receipt).encode())
        page = self.pages.receipt if is_known else self.pages.final_receipt
        return self._response(200, HTML, page(request.accept_language, voter))

    def receipt_again(self, request: Request, voter: Voter) -> Response:
        """The receipt of the voter's last vote. Any node may have that."""
        if request.wants_json:
            receipt = {"choice": voter.choice, "cast": voter.acknowledged}
            return self._response(200, JSON, json.dumps(receipt).encode())
        return self._response(200, HTML, self.pages.receipt_again(request.accept_language, voter))

    def which_choice(
        self, request: Request, error: PageOutOfDate, voter: Voter, choice: str
    ) -> Response:
        """Ask whether the voter's last vote is to count, or this one for `choice`."""
        if request.wants_json:
            return self._problem(error.status, error.sentence)
        page = self.pages.which_choice(request.accept_language, error, voter, choice)
        return self._response(error.status, HTML, page)

    def error(
        self, request: Request, error: HTTPError, choice: str = "", acknowledged: int = 0
    ) -> Response:
        """Why there is no receipt, for `choice` where that is known.

        `acknowledged` is when the last vote was cast that has one.
        """
        if request.wants_json:
            response = self._problem(error.status, error.sentence)
        else:
            page = self.pages.error(request.accept_language, error, choice, acknowledged)
            response = self._response(error.status, HTML, page)
        if isinstance(error, ServiceUnavailable):
            response.headers.append(("Retry-After", RETRY_AFTER_SECONDS))
        return response

    def with_cookie(self, response: Response, voter: Voter) -> Response:
        """Add the voter's cookie to a response."""
        response.headers.append(("Set-Cookie", self._signer.set_cookie(voter)))
        return response

    def health(self, request: Request, state: str) -> Response:
        """That this node is at work: `waiting`, `open` or `closed`."""
        if request.wants_json:
            return self._response(200, JSON, json.dumps({"state": state}).encode())
        return self._text(200, state)

    def unavailable(self, request: Request, error: ServiceUnavailable) -> Response:
        """Why no vote can be stored now, for load balancers and for people."""
        if request.wants_json:
            response = self._problem(error.status, error.reason)
        else:
            response = self._text(error.status, error.reason)
        response.headers.append(("Retry-After", RETRY_AFTER_SECONDS))
        return response

    def description(self) -> Response:
        """What can be asked here, and how: OpenAPI 3.1."""
        return self._response(200, JSON, self._description)

    def pictures(self) -> Response:
        """The pictures of this poll: another poll's have another path."""
        kind = ("Content-Type", "text/css; charset=utf-8")
        forever = ("Cache-Control", "public, max-age=31536000, immutable")
        headers = [kind, forever, ("X-Content-Type-Options", "nosniff")]
        return Response(STATUS_LINES[200], headers, self.pages.pictures)

    def _page(
        self, accept_language: str, voter: Voter, seen: PollClosed | PollNotOpen | None
    ) -> bytes:
        if isinstance(seen, PollClosed):
            return self.pages.closed(accept_language, voter)
        if seen is not None:
            return self.pages.error(accept_language, seen)
        return self.pages.ballot(accept_language, voter)

    def _text(self, status: int, text: str) -> Response:
        return self._response(status, "text/plain; charset=utf-8", f"{text}\n".encode())

    def _problem(self, status: int, detail: str) -> Response:
        problem = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail}
        return self._response(status, PROBLEM, json.dumps(problem).encode())

    def _response(self, status: int, kind: str, body: bytes, caching: str = "no-store") -> Response:
        length = ("Content-Length", str(len(body)))
        headers = [*self._always, ("Cache-Control", caching), ("Content-Type", kind), length]
        return Response(STATUS_LINES[status], headers, body)


def _as_json(poll: Poll) -> bytes:
    """The poll as a program needs it: in its own language, without pictures."""
    choices = [{"key": c.key, "text": c.text, "color": c.color} for c in poll.choices]
    return json.dumps({"title": poll.title, "question": poll.question, "choices": choices}).encode()


def _description(poll: Poll, cookie: str) -> bytes:
    description = json.loads(DESCRIPTION.read_text().replace("COOKIE", cookie))
    description["info"]["title"] = poll.title
    schemas = description["components"]["schemas"]
    schemas["Choice"]["enum"] = sorted(poll.keys - {TEST_KEY})
    schemas["Chosen"]["enum"] = sorted(poll.keys)
    encoded: bytes = json.dumps(description).encode()
    return encoded
