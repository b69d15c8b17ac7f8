"""From what happened to an HTTP answer: a page, or JSON for those who ask for it. No I/O."""

import json
from http import HTTPStatus
from typing import NamedTuple

from frontend.ballot import Ballot
from frontend.config import Config
from frontend.pages import Pages
from frontend.refusal import DamagedCookie, IntakeUnavailable, Refusal
from frontend.visit import Visit

COOKIE_SECONDS = 30 * 24 * 3600
RETRY_AFTER_SECONDS = "2"
STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class Answer(NamedTuple):
    """What WSGI wants: `200 OK`, pairs of header name and value, the body."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


class Answers:
    """Makes answers. Each is for one voter only: they set cookies, so no cache may keep them."""

    def __init__(self, config: Config) -> None:
        self._node = config.node
        self._pages = Pages(config.poll, config.node)
        self._always = [
            ("Content-Security-Policy", self._pages.csp),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "same-origin"),
            ("Cache-Control", "no-store"),
        ]

    def form(self, visit: Visit, cookie: str | None) -> Answer:
        """The page to vote on, with a cookie for whom it is not None."""
        answer = self._answer(200, "text/html; charset=utf-8", self._pages.ballot)
        return answer if cookie is None else remember(visit, answer, cookie)

    def receipt(self, visit: Visit, ballot: Ballot, cookie: str) -> Answer:
        """Thanks, and the name of the node that has the vote. Who voted is not repeated."""
        if visit.wants_json:
            receipt = {"choice": ballot.choice, "cast": ballot.cast, "node": self._node}
            answer = self._answer(200, "application/json", json.dumps(receipt).encode())
        else:
            page = self._pages.receipts[ballot.choice]
            answer = self._answer(200, "text/html; charset=utf-8", page)
        return remember(visit, answer, cookie)

    def refusal(self, visit: Visit, refusal: Refusal) -> Answer:
        """Why there are no thanks."""
        if visit.wants_json:
            kind, body = "application/json", json.dumps({"error": refusal.sentence}).encode()
        else:
            kind, body = "text/html; charset=utf-8", self._pages.refusal(refusal.sentence)
        answer = self._answer(refusal.status, kind, body)
        if isinstance(refusal, IntakeUnavailable):
            answer.headers.append(("Retry-After", RETRY_AFTER_SECONDS))
        if isinstance(refusal, DamagedCookie):
            remember(visit, answer, "", seconds=0)
        return answer

    def health(self, status: int, reason: str) -> Answer:
        """A few words, for load balancers and for people."""
        return self._answer(status, "text/plain; charset=utf-8", f"{reason}\n".encode())

    def _answer(self, status: int, kind: str, body: bytes) -> Answer:
        length = ("Content-Length", str(len(body)))
        headers = [*self._always, ("Content-Type", kind), length]
        return Answer(STATUS_LINES[status], headers, body)


def remember(visit: Visit, answer: Answer, cookie: str, *, seconds: int = COOKIE_SECONDS) -> Answer:
    """Add our cookie to an answer; for 0 seconds means: forget it. The value needs no quoting."""
    secure = "; Secure" if visit.is_https else ""
    flags = f"Max-Age={seconds}; Path=/; HttpOnly; SameSite=Lax{secure}"
    answer.headers.append(("Set-Cookie", f"voter={cookie}; {flags}"))
    return answer
