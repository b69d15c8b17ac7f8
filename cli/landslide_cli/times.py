"""When a poll opens and closes, in the reader's own zone and from now."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

OPEN_BY_HAND = 'No opening is scheduled: open it by "./landslide open".'
CLOSE_BY_HAND = 'No closing is scheduled: close it by "./landslide close".'
UNITS = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))


def duration(seconds: float) -> str:
    """Return the two largest units of a time, such as "3 h 12 min"."""
    rest = int(abs(seconds))
    parts: list[tuple[int, str]] = []
    for unit, length in UNITS:
        number, rest = divmod(rest, length)
        if number or parts or unit == "s":
            parts.append((number, unit))
    return " ".join(f"{number} {unit}" for number, unit in parts[:2] if number) or "0 s"


def moment(text: str, now: datetime) -> str:
    """Return a time of the store (ISO 8601) in the zone of `now`, and how far away it is."""
    time = datetime.fromisoformat(text)
    seconds = (time - now).total_seconds()
    local = time.astimezone(now.tzinfo).strftime("%a %-d %b %Y, %H:%M:%S %Z")
    return f"{local} ({f'in {duration(seconds)}' if seconds > 0 else f'{duration(seconds)} ago'})"


def sentence(poll: Mapping[str, Any], now: datetime) -> str:
    """Say what state the poll is in, and what comes when.

    `poll` has `state`, and the times as playbooks/tasks/poll.yml reads them.
    """
    opens_at, closes_at = poll["opens_at"], poll["closes_at"]
    if poll["state"] == "closed":
        return f"The poll was closed on {moment(poll['closed_at'], now)}."
    if poll["state"] == "open":
        opened = f"The poll was opened on {moment(poll['opened_at'], now)}."
    elif opens_at == "infinity":
        opened = f"The poll is not open yet. {OPEN_BY_HAND}"
    elif opens_at and datetime.fromisoformat(opens_at) > now:
        opened = f"The poll opens on {moment(opens_at, now)}."
    else:
        opened = "The poll opens as soon as a worker reaches the store."
    if closes_at is None:
        return f"{opened} {CLOSE_BY_HAND}"
    if datetime.fromisoformat(closes_at) > now:
        return f"{opened} It closes on {moment(closes_at, now)}."
    late = "no worker reaches the store, or a clock is behind"
    return f"{opened} Closing was scheduled for {moment(closes_at, now)}: {late}."
