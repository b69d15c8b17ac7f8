"""The page, from what the sources have said."""

from common.pages import templates
from jinja2 import Environment

UNITS = ("bytes", "KiB", "MiB", "GiB")


def environment() -> Environment:
    """For the templates, with the ways that figures are said here."""
    return templates("overview", number="{:,}".format, size=size, lasting=lasting)


def size(count: int) -> str:
    """ "0 bytes", "8.0 MiB", "1,234.5 GiB"."""
    scaled, unit = float(count), 0
    while scaled >= 1024 and unit < len(UNITS) - 1:
        scaled, unit = scaled / 1024, unit + 1
    return f"{scaled:,.1f} {UNITS[unit]}" if unit else f"{count} {UNITS[0]}"


def lasting(seconds: float | None) -> str:
    """ "0.4 s", "90 s", "3 min", "3 h"; a dash for none."""
    if seconds is None:
        return "-"
    for length, unit in ((3600, "h"), (60, "min")):
        if seconds > 2 * length:
            return f"{seconds / length:,.0f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
