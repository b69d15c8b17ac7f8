"""The pages, rendered once for each language: the same bytes serve every voter."""

import time
from base64 import b64encode
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from frontend.ballot import Ballot
from frontend.languages import Words, best_language
from frontend.poll import TEST_KEY, Choice, Poll
from frontend.refusal import IntakeUnavailable, PollNotOpen, Refusal

# Stands in a rendered receipt where the time goes: the one thing that is not known before.
WHEN = b"\0"
# Browsers send few different headers; a program could send any number.
HEADERS_KNOWN = 1024
NOTICES_KNOWN = 256


class Notice(NamedTuple):
    """A page without the form: English words, and keys of choices where there is one to show.

    `retry` can be voted for again; `chosen` was, and counts. `early`: the poll is not open yet;
    `back`: there is a form to go back to.
    """

    sentence: str
    advice: str
    early: bool = False
    back: bool = True
    retry: str = ""
    chosen: str = ""


class Pages:
    """HTML as bytes, in the language that a visitor's Accept-Language asks for.

    The style is part of each page, for a visitor then asks once where a linked style asks twice;
    `csp` names its hash, so that the browser takes this style and no other. The pictures, if there
    are any, are one file more: `pictures`, which is at `pictures_path` and never changes.
    """

    def __init__(self, poll: Poll, node: str) -> None:
        self._environment = Environment(
            loader=PackageLoader("frontend"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        # Now, not when there is something to say: by then the disk may be what has failed.
        for name in self._environment.list_templates():
            self._environment.get_template(name)
        self._node = node
        self.pictures = self._file("pictures.css", poll).encode()
        # A node that still has the last poll cannot answer for this one's pictures.
        name = sha256(self.pictures).hexdigest()[:16]
        self.pictures_path = f"/{name}.css" if self.pictures.strip() else None
        self._style = self._file("style.css", poll)
        style_hash = b64encode(sha256(self._style.encode()).digest()).decode()
        self.csp = (
            "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
            f"img-src data:; style-src 'self' 'sha256-{style_hash}'"
        )
        self._polls = {poll.language: poll, **poll.translations}
        self._words = {language: Words(language) for language in self._polls}
        self._language = lru_cache(HEADERS_KNOWN)(lambda header: best_language(header, self._polls))
        self._notice = lru_cache(NOTICES_KNOWN)(self._render_notice)
        self._ballots = self._for_each_choice(receipt=False)
        self._receipts = self._for_each_choice(receipt=True)

    def ballot(self, accept_language: str, chosen: str) -> bytes:
        """The form; `chosen` is the key of the voter's last choice, or empty."""
        pages = self._ballots[self._language(accept_language)]
        return pages.get(chosen) or pages[TEST_KEY]

    def receipt(self, accept_language: str, ballot: Ballot) -> bytes:
        """The form with what was recorded, when, and by which node."""
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(ballot.cast // 1_000_000))
        page = self._receipts[self._language(accept_language)][ballot.choice]
        return page.replace(WHEN, when.encode())

    def refusal(self, accept_language: str, refusal: Refusal, choice: str = "") -> bytes:
        """Why a vote, for `choice` where that is known, was not taken, and what to do."""
        early = isinstance(refusal, PollNotOpen)
        retry = choice if isinstance(refusal, IntakeUnavailable) and not early else ""
        notice = Notice(refusal.sentence, refusal.advice, early=early, retry=retry)
        return self._notice(self._language(accept_language), notice)

    def closed(self, accept_language: str, chosen: str) -> bytes:
        """What is there instead of the form once nobody can vote any more."""
        advice = "Thank you for coming. No more votes are taken."
        notice = Notice("The poll is closed.", advice, back=False, chosen=chosen)
        return self._notice(self._language(accept_language), notice)

    def _for_each_choice(self, *, receipt: bool) -> dict[str, dict[str, bytes]]:
        """By language and key of the chosen one; the key of test votes stands for none."""
        pages: dict[str, dict[str, bytes]] = {}
        for language, poll in self._polls.items():
            chosen: dict[str, Choice | None] = {choice.key: choice for choice in poll.choices}
            chosen[TEST_KEY] = None
            pages[language] = {
                key: self._render("ballot.html", language, chosen=choice, receipt=receipt)
                for key, choice in chosen.items()
            }
        return pages

    def _render_notice(self, language: str, notice: Notice) -> bytes:
        choices = {choice.key: choice for choice in self._polls[language].choices}
        retry, chosen = choices.get(notice.retry), choices.get(notice.chosen)
        return self._render("notice.html", language, notice=notice, retry=retry, chosen=chosen)

    def _render(self, template: str, language: str, **context: object) -> bytes:
        page = self._environment.get_template(template)
        return page.render(
            poll=self._polls[language],
            _=self._words[language],
            node=self._node,
            style=self._style,
            pictures=self.pictures_path,
            when=WHEN.decode(),
            **context,
        ).encode()

    def _file(self, template: str, poll: Poll) -> str:
        return self._environment.get_template(template).render(choices=poll.choices)
