"""The pages, rendered once for each language: the same bytes serve every voter, but for a time."""

import time
from base64 import b64encode
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from common.accept import best_language
from common.languages import Words
from common.pages import templates

from frontend.errors import HTTPError, PageOutOfDate, PollNotOpen, ServiceUnavailable
from frontend.poll import TEST_KEY, Choice, Poll
from frontend.voter import Voter

# Stand in a rendered page for what is not known before: the time on a receipt, and in a form the
# cast of the voter's last acknowledged vote.
WHEN = b"\0"
LAST = b"\1"
# Browsers send few different headers; a program could send any number.
HEADERS_KNOWN = 1024
NOTICES_KNOWN = 256
# Votes come in the order of their times, or nearly so.
SECONDS_KNOWN = 16


class Notice(NamedTuple):
    """A page without the form: English words, and keys of choices where there is one to show.

    `chosen` was voted for, and `press` can be. `asks`: which of the two counts is the question;
    `doubt`: a later vote may count; `early`: the poll is not open yet;
    `back`: there is a form to go back to.
    """

    sentence: str
    advice: str
    early: bool = False
    back: bool = True
    press: str = ""
    chosen: str = ""
    asks: bool = False
    doubt: bool = False


class Pages:
    """HTML as bytes, in the language that a visitor's Accept-Language asks for.

    The style is part of each page, for a visitor then asks once where a linked style asks twice;
    `csp` names its hash, so that the browser takes this style and no other. The pictures, if there
    are any, are one file more: `pictures`, which is at `pictures_path` and never changes.
    """

    def __init__(self, poll: Poll, node: str) -> None:
        self._templates = templates("frontend")
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
        self._words = {language: Words(language, "frontend") for language in self._polls}
        self._language = lru_cache(HEADERS_KNOWN)(lambda header: best_language(header, self._polls))
        self._time = lru_cache(SECONDS_KNOWN)(_time)
        self._notice = lru_cache(NOTICES_KNOWN)(self._render_notice)
        self._ballots = self._for_each_choice(receipt=False)
        self._receipts = self._for_each_choice(receipt=True, node=node, form=True)
        self._again = self._for_each_choice(receipt=True, node="", form=True)
        self._final = self._for_each_choice(receipt=True, node=node, form=False)

    def ballot(self, accept_language: str, voter: Voter) -> bytes:
        """The form, with the voter's last choice where there is one."""
        pages = self._ballots[self._language(accept_language)]
        page = pages.get(voter.choice) or pages[TEST_KEY]
        return page.replace(LAST, b"%d" % voter.acknowledged)

    def receipt(self, accept_language: str, voter: Voter) -> bytes:
        """The form with what was recorded, when, and the node in small print."""
        return self._receipt(self._receipts, accept_language, voter)

    def receipt_again(self, accept_language: str, voter: Voter) -> bytes:
        """The same without the node."""
        return self._receipt(self._again, accept_language, voter)

    def final_receipt(self, accept_language: str, voter: Voter) -> bytes:
        """The same for a browser without a cookie, which has no way to change the vote: no form."""
        return self._receipt(self._final, accept_language, voter)

    def error(
        self, accept_language: str, error: HTTPError, choice: str = "", acknowledged: int = 0
    ) -> bytes:
        """Why a vote, for `choice` where that is known, has no receipt, and what to do.

        `acknowledged` is when the voter's last vote was cast that has one.
        """
        early = isinstance(error, PollNotOpen)
        press = choice if isinstance(error, ServiceUnavailable) and not early else ""
        notice = Notice(error.sentence, error.advice, early=early, press=press)
        page = self._notice(self._language(accept_language), notice)
        return page.replace(LAST, b"%d" % acknowledged)

    def which_choice(
        self, accept_language: str, error: PageOutOfDate, voter: Voter, choice: str
    ) -> bytes:
        """The question whether the voter's last choice counts, or `choice`; one press each."""
        notice = Notice(
            error.sentence,
            error.advice,
            back=False,
            press=choice,
            chosen=voter.choice,
            asks=True,
            doubt=voter.in_doubt,
        )
        page = self._notice(self._language(accept_language), notice)
        return page.replace(LAST, b"%d" % voter.acknowledged)

    def closed(self, accept_language: str, voter: Voter) -> bytes:
        """What is there instead of the form once nobody can vote any more."""
        advice = "Thank you for coming. No more votes are taken."
        notice = Notice(
            "The poll is closed.", advice, back=False, chosen=voter.choice, doubt=voter.in_doubt
        )
        return self._notice(self._language(accept_language), notice)

    def _receipt(
        self, pages: dict[str, dict[str, bytes]], accept_language: str, voter: Voter
    ) -> bytes:
        page = pages[self._language(accept_language)][voter.choice]
        when = self._time(voter.acknowledged // 1_000_000)
        return page.replace(WHEN, when).replace(LAST, b"%d" % voter.acknowledged)

    def _for_each_choice(self, **context: object) -> dict[str, dict[str, bytes]]:
        """By language and key of the chosen one; the key of test votes stands for none."""
        pages: dict[str, dict[str, bytes]] = {}
        for language, poll in self._polls.items():
            chosen: dict[str, Choice | None] = {choice.key: choice for choice in poll.choices}
            chosen[TEST_KEY] = None
            pages[language] = {
                key: self._render("ballot.html", language, chosen=choice, **context)
                for key, choice in chosen.items()
            }
        return pages

    def _render_notice(self, language: str, notice: Notice) -> bytes:
        choices = {choice.key: choice for choice in self._polls[language].choices}
        press, chosen = choices.get(notice.press), choices.get(notice.chosen)
        return self._render("notice.html", language, notice=notice, press=press, chosen=chosen)

    def _render(self, template: str, language: str, **context: object) -> bytes:
        page = self._templates.get_template(template)
        return page.render(
            poll=self._polls[language],
            _=self._words[language],
            style=self._style,
            pictures=self.pictures_path,
            when=WHEN.decode(),
            last=LAST.decode(),
            **context,
        ).encode()

    def _file(self, template: str, poll: Poll) -> str:
        return self._templates.get_template(template).render(choices=poll.choices)


def _time(seconds: int) -> bytes:
    """A moment, in seconds since the epoch, as people read it; in UTC."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds)).encode()
