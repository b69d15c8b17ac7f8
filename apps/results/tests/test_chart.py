"""Votes per minute, as a curve."""

import re

from results.chart import LEAST_MINUTES, MOST_MINUTES, Chart, Minute

NOON = 1_796_126_400


def test_without_votes_there_is_no_chart() -> None:
    assert Chart.of([], NOON) is None


def test_each_minute_is_a_bar_as_high_as_its_share_of_the_peak() -> None:
    chart = Chart.of([Minute(NOON - 120, 3, 0.1), Minute(NOON, 4, 0.1)], NOON + 59)
    assert chart
    assert chart.width == LEAST_MINUTES
    assert chart.path == "M12 100v-75h1V100zM14 100v-100h1V100z"
    assert (chart.peak, f"{chart.peak_at:%H:%M}") == (4, "12:00")
    assert (f"{chart.first:%H:%M}", f"{chart.last:%H:%M}") == ("11:46", "12:00")


def test_a_long_poll_shows_its_latest_part() -> None:
    minutes = [Minute(NOON + 60 * n, 1 + n % 7, 0.1) for n in range(300)]
    chart = Chart.of(minutes, NOON + 300 * 60)
    assert chart
    assert chart.width == MOST_MINUTES
    assert [int(x) for x in re.findall(r"M(\d+) ", chart.path)] == list(range(MOST_MINUTES - 1))


def test_a_pause_and_a_clock_that_is_ahead_are_shown_as_they_are() -> None:
    quiet = Chart.of([Minute(NOON, 1, 0.1)], NOON + 5 * 3600)
    assert quiet and (quiet.path, quiet.peak) == ("", 0)
    ahead = Chart.of([Minute(NOON + 120, 1, 0.1)], NOON)
    assert ahead and ahead.path == "M14 100v-100h1V100z"
