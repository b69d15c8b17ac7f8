"""What a client would rather have (RFC 9110)."""

from collections.abc import Iterable

from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header


def best_language(accept_language: str, offered: Iterable[str]) -> str:
    """The first of `offered`, unless the visitor would rather have another of them."""
    languages = list(offered)
    wanted = parse_accept_header(accept_language, LanguageAccept)
    return wanted.best_match(languages, languages[0]) or languages[0]
