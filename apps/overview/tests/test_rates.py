"""Rates, from totals."""

from overview.rates import Rates


def test_a_rate_is_of_the_last_seconds() -> None:
    rates = Rates()
    assert rates.of("worker01") is None
    rates.note(100, {"worker01": 1000})
    assert rates.of("worker01") is None
    rates.note(102, {"worker01": 1200, "worker02": 50})
    assert (rates.of("worker01"), rates.of("worker02")) == (100, 25)
    for now in range(104, 122, 2):
        rates.note(now, {"worker01": 1200, "worker02": 50})
    assert (rates.of("worker01"), rates.of("worker02")) == (0, 0)


def test_a_store_that_begins_anew_has_no_rate() -> None:
    rates = Rates()
    rates.note(1, {"worker01": 1000})
    rates.note(2, {})
    assert rates.of("worker01") is None
