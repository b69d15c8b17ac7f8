"""When a poll opens and closes, as its operator reads it."""

from datetime import datetime, timedelta, timezone

import pytest
from landslide_cli.times import duration, sentence
from landslide_cli.up import ending

NOW = datetime(2026, 11, 26, 16, 0, tzinfo=timezone(timedelta(hours=1), "CET"))
HALF_PAST = "2026-11-26T14:30:00.5+00:00"
SIX = "2026-11-26T18:12:30+00:00"
OPENED = "The poll was opened on Thu 26 Nov 2026, 15:30:00 CET (29 min 59 s ago)."


def poll(state, **times):
    return {
        "state": state,
        **dict.fromkeys(("opens_at", "closes_at", "opened_at", "closed_at")),
        **times,
    }


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (59.9, "59 s"),
        (-60, "1 min"),
        (11_520, "3 h 12 min"),
        (11_579, "3 h 12 min"),
        (86_400 * 3 + 59, "3 d"),
    ],
)
def test_a_duration_has_its_two_largest_units(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (
            poll("waiting", opens_at=SIX, closes_at="2026-11-28T19:12:30+00:00"),
            "The poll opens on Thu 26 Nov 2026, 19:12:30 CET (in 3 h 12 min). "
            "It closes on Sat 28 Nov 2026, 20:12:30 CET (in 2 d 4 h).",
        ),
        (
            poll("waiting", opens_at="infinity"),
            'The poll is not open yet. No opening is scheduled: open it by "./landslide open". '
            'No closing is scheduled: close it by "./landslide close".',
        ),
        (
            poll("waiting"),
            "The poll opens as soon as a worker reaches the store. "
            'No closing is scheduled: close it by "./landslide close".',
        ),
        (
            poll("open", opened_at=HALF_PAST, closes_at=SIX),
            f"{OPENED} It closes on Thu 26 Nov 2026, 19:12:30 CET (in 3 h 12 min).",
        ),
        (
            poll("open", opened_at=HALF_PAST, closes_at="2026-11-26T14:58:00+00:00"),
            f"{OPENED} Closing was scheduled for Thu 26 Nov 2026, 15:58:00 CET (2 min ago): "
            "no worker reaches the store, or a clock is behind.",
        ),
        (
            poll("closed", opened_at=HALF_PAST, closed_at="2026-11-26T13:00:00+00:00"),
            "The poll was closed on Thu 26 Nov 2026, 14:00:00 CET (2 h ago).",
        ),
    ],
)
def test_a_poll_is_told_in_the_readers_zone_and_from_now(told, said):
    assert sentence(told, NOW) == said


def test_up_claims_a_test_vote_only_where_one_was_counted():
    opened = poll("open", opened_at=HALF_PAST)
    assert ending({"test_vote_counted": True, "poll": opened}, NOW).startswith(
        f"A test vote was cast and counted. {OPENED}"
    )
    waiting = poll("waiting", opens_at=SIX)
    assert ending({"test_vote_counted": False, "poll": waiting}, NOW).startswith(
        "No test vote was cast, as the poll is not open. The poll opens on"
    )
    assert ending({"test_vote_counted": False, "poll": {}}, NOW) == (
        "No test vote was cast, as the poll is not open."
    )
