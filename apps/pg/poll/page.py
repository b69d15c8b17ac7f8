"""The certificate as a page for people: one file that needs nothing else, made from the JSON."""

import re
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from poll.digest import COMMAND

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(certificate: Mapping[str, object]) -> str:
    """The HTML of a certificate, as audit.certificate makes it."""
    return _templates.get_template("page.html").render(certificate, command=COMMAND)


def _moment(time: str | None) -> str:
    """An ISO time as people read it; a ledger without ballots has none."""
    if time is None:
        return "none"
    shown = re.sub(r"(.{10})T(.{8}).*", r"\1 \2 UTC", time)
    return Markup('<time datetime="{}">{}</time>').format(time, shown)


def _number(number: int) -> str:
    return f"{number:,}"


_templates.filters |= {"moment": _moment, "number": _number}
