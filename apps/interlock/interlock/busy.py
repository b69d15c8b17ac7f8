"""The page of those whom no frontend serves. HAProxy has one for all: it speaks every language."""

from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from string import Template

from common.languages import LANGUAGES, direction, texts


def _file(name: str) -> str:
    """A file without its line breaks: a word of HAProxy's configuration has none."""
    return "".join(Path(__file__).with_name(name).read_text().splitlines())


def _section(language: str) -> str:
    say = texts(language, "interlock")
    return (
        f"<section lang={language} dir={direction(language)}>"
        f"<h1>{say['what']}</h1><p>{say['advice']}</p><p>{say['vote']}</p></section>"
    )


# As the voting page looks.
_STYLE = _file("busy.css")
PAGE = Template(_file("busy.html")).substitute(
    style=_STYLE, sections="".join(map(_section, LANGUAGES))
)
_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()
CSP = f"default-src 'none'; img-src data:; style-src 'sha256-{_HASH}'"
