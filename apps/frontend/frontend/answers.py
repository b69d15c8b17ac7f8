"""From what happened to an HTTP answer: a page, or JSON for those who ask for it. No I/O."""

import json
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

from frontend.config import Config
from frontend.pages import Pages
from frontend.poll import TEST_KEY, Poll
from frontend.refusal import IntakeUnavailable, OldPage, PollClosed, PollNotOpen, Refusal
from frontend.visit import Visit
from frontend.voter import Electorate, Voter

RETRY_AFTER_SECONDS = "2"
STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
HTML = "text/html; charset=utf-8"
JSON = "application/json"
# https://www.rfc-editor.org/rfc/rfc9457
PROBLEM = "application/problem+json"
DESCRIPTION = Path(__file__).with_name("openapi.json")


class Answer(NamedTuple):
    """What WSGI wants: `200 OK`, pairs of header name and value, the body."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


class Answers:
    """Makes answers. Each is for one voter only: they set cookies, so no cache may keep them."""

    def __init__(self, config: Config, electorate: Electorate) -> None:
        self._node = config.node
        self._electorate = electorate
        self.pages = Pages(config.poll, config.node)
        self._poll = _in_words(config.poll)
        self._description = _description(config.poll, electorate.name)
        self._always = [
            ("Content-Security-Policy", self.pages.csp),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "same-origin"),
            ("Cache-Control", "no-store"),
        ]

    def form(self, visit: Visit, voter: Voter, seen: PollClosed | PollNotOpen | None) -> Answer:
        """The page to vote on, or why nobody can."""
        if visit.wants_json:
            return self._answer(200, JSON, self._poll)
        return self._answer(200, HTML, self._page(visit.accept_language, voter, seen))

    def receipt(self, visit: Visit, voter: Voter, *, is_known: bool) -> Answer:
        """What was stored, and the name of the node that has it. Who voted is not repeated.

        `is_known`: the browser sent a cookie of ours, and so can change the vote.
        """
        if visit.wants_json:
            receipt = {"choice": voter.choice, "cast": voter.acknowledged, "node": self._node}
            return self._answer(200, JSON, json.dumps(receipt).encode())
        page = self.pages.receipt if is_known else self.pages.final_receipt
        return self._answer(200, HTML, page(visit.accept_language, voter))

    def receipt_again(self, visit: Visit, voter: Voter) -> Answer:
        """The receipt of the voter's last vote. Any node may have that."""
        if visit.wants_json:
            receipt = {"choice": voter.choice, "cast": voter.acknowledged}
            return self._answer(200, JSON, json.dumps(receipt).encode())
        return self._answer(200, HTML, self.pages.receipt_again(visit.accept_language, voter))

    def which(self, visit: Visit, refusal: OldPage, voter: Voter, choice: str) -> Answer:
        """Ask whether the voter's last vote is to count, or this one for `choice`."""
        if visit.wants_json:
            return self._problem(refusal.status, refusal.sentence)
        page = self.pages.which(visit.accept_language, refusal, voter, choice)
        return self._answer(refusal.status, HTML, page)

    def refusal(
        self, visit: Visit, refusal: Refusal, choice: str = "", acknowledged: int = 0
    ) -> Answer:
        """Why there is no receipt, for `choice` where that is known.

        `acknowledged` is when the last vote was cast that has one.
        """
        if visit.wants_json:
            answer = self._problem(refusal.status, refusal.sentence)
        else:
            page = self.pages.refusal(visit.accept_language, refusal, choice, acknowledged)
            answer = self._answer(refusal.status, HTML, page)
        if isinstance(refusal, IntakeUnavailable):
            answer.headers.append(("Retry-After", RETRY_AFTER_SECONDS))
        return answer

    def remember(self, answer: Answer, voter: Voter) -> Answer:
        """Add the voter's cookie to an answer."""
        answer.headers.append(("Set-Cookie", self._electorate.set_cookie(voter)))
        return answer

    def health(self, visit: Visit, state: str) -> Answer:
        """That this node is at work: `waiting`, `open` or `closed`."""
        if visit.wants_json:
            return self._answer(200, JSON, json.dumps({"state": state}).encode())
        return self._words(200, state)

    def illness(self, visit: Visit, refusal: IntakeUnavailable) -> Answer:
        """Why no vote can be stored now, for load balancers and for people."""
        if visit.wants_json:
            answer = self._problem(refusal.status, refusal.reason)
        else:
            answer = self._words(refusal.status, refusal.reason)
        answer.headers.append(("Retry-After", RETRY_AFTER_SECONDS))
        return answer

    def description(self) -> Answer:
        """What can be asked here, and how: OpenAPI 3.1."""
        return self._answer(200, JSON, self._description)

    def pictures(self) -> Answer:
        """The pictures of this poll: another poll's have another path."""
        kind = ("Content-Type", "text/css; charset=utf-8")
        forever = ("Cache-Control", "public, max-age=31536000, immutable")
        headers = [kind, forever, ("X-Content-Type-Options", "nosniff")]
        return Answer(STATUS_LINES[200], headers, self.pages.pictures)

    def _page(
        self, accept_language: str, voter: Voter, seen: PollClosed | PollNotOpen | None
    ) -> bytes:
        if isinstance(seen, PollClosed):
            return self.pages.closed(accept_language, voter)
        if seen is not None:
            return self.pages.refusal(accept_language, seen)
        return self.pages.ballot(accept_language, voter)

    def _words(self, status: int, words: str) -> Answer:
        return self._answer(status, "text/plain; charset=utf-8", f"{words}\n".encode())

    def _problem(self, status: int, detail: str) -> Answer:
        problem = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail}
        return self._answer(status, PROBLEM, json.dumps(problem).encode())

    def _answer(self, status: int, kind: str, body: bytes) -> Answer:
        length = ("Content-Length", str(len(body)))
        headers = [*self._always, ("Content-Type", kind), length]
        return Answer(STATUS_LINES[status], headers, body)


def _in_words(poll: Poll) -> bytes:
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
