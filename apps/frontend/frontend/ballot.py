"""A ballot, and how it is read from a form. No I/O."""

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import parse_qs

from frontend.errors import HTTPError, UnknownChoice, UnreadableForm

# The casts that workers accept: 16 digits, the years 2001 to 2286.
MIN_CAST = 10**15
MAX_CAST = 10**16 - 1


class Ballot(NamedTuple):
    """A voter's UUID as text, the key of a choice, and when: microseconds since the Unix epoch."""

    voter: str
    choice: str
    cast: int


class BallotPaper:
    """Reads the choice, and the time that the form was made for, from the body of a form."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys = frozenset(keys)
        # What our own page sends, byte for byte: no need to parse it a million times.
        self._usual = {f"vote={key}".encode(): key for key in self._keys}

    def read(self, body: bytes) -> tuple[str, int | None]:
        """The fields `vote` and `last` of an application/x-www-form-urlencoded body.

        `last` is None where there is none. Raises HTTPError (400) where there is no `vote`, more
        than one of either, an unknown key, or a `last` that is no time.
        """
        vote, _, last = body.partition(b"&last=")
        if (choice := self._usual.get(vote)) and last.isdigit() and len(last) <= 16:
            return choice, int(last)
        return self._parsed(body)

    def _parsed(self, body: bytes) -> tuple[str, int | None]:
        try:
            form = parse_qs(body.decode(), keep_blank_values=True, errors="strict")
        except ValueError as error:
            raise UnreadableForm from error
        votes = form.get("vote", [])
        if not any(votes):
            raise HTTPError(400, "No choice was made. Please pick one.")
        if len(votes) > 1:
            raise HTTPError(400, "Only one choice at a time, please.")
        if votes[0] not in self._keys:
            raise UnknownChoice
        return votes[0], _time(form.get("last", []))


def _time(values: list[str]) -> int | None:
    if not values:
        return None
    [value, *more] = values
    if more or not (value.isascii() and value.isdigit() and len(value) <= 16):
        raise UnreadableForm
    return int(value)
