"""A ballot, and how it is read from a form. No I/O."""

import time
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import parse_qs

from frontend.refusal import Refusal


class Ballot(NamedTuple):
    """A voter's UUID as text, the key of a choice, and when: microseconds since the Unix epoch."""

    voter: str
    choice: str
    cast: int


class BallotPaper:
    """Reads the choice from the body of a form."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys = frozenset(keys)
        # What our own page sends, byte for byte: no need to parse it a million times.
        self._usual = {f"vote={key}".encode(): key for key in self._keys}

    def choice(self, body: bytes) -> str:
        """The key in the field `vote` of an application/x-www-form-urlencoded body.

        Raises Refusal (400) where there is no such field, more than one, or an unknown key.
        """
        return self._usual.get(body) or self._parsed(body)

    def _parsed(self, body: bytes) -> str:
        try:
            form = parse_qs(body.decode(), keep_blank_values=True, errors="strict")
        except ValueError as error:
            raise Refusal(400, "The form could not be read.") from error
        votes = form.get("vote", [])
        if not any(votes):
            raise Refusal(400, "No choice was made. Please pick one.")
        if len(votes) > 1:
            raise Refusal(400, "Only one choice at a time, please.")
        if votes[0] not in self._keys:
            raise Refusal(400, "There is no such choice in this poll.")
        return votes[0]


def cast_time(last_cast: int) -> int:
    """Now in microseconds, but always after the voter's last cast.

    The node that took the last vote may have a clock ahead of ours; the later choice has to win.
    """
    return max(time.time_ns() // 1000, last_cast + 1)
