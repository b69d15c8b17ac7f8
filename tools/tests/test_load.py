"""./landslide load, but for the load itself: that is tested with the load client, load_client/."""

import re

import pytest
from click.testing import CliRunner
from landslide_cli import ROOT
from landslide_cli.__main__ import main
from landslide_tools.load import page
from landslide_tools.load.series import percentile, series, speed
from landslide_tools.load.verdict import Ballot, compare
from landslide_tools.load.voters import new_voter
from landslide_tools.load_client.record import Vote, read, written

SECOND = 1_000_000
START = 1_790_000_000 * SECOND
WINDOW = 10.0


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--votes", "0"),
        ("--votes", "1000001"),
        ("--votes", "many"),
        ("--seconds", "0"),
        ("--seconds", "601"),
        ("--clients", "0"),
        ("--clients", "257"),
        ("--changed", "1.1"),
        ("--changed", "-0.1"),
        ("--abandon", "1.1"),
        ("--in-flight", "2"),
        ("--fresh", "-1"),
        ("--https", "1.5"),
        ("--rate", "10001"),
        ("--skew", "0"),
    ],
)
def test_what_has_no_bound_is_refused(option, value):
    result = CliRunner().invoke(main, ["load", option, value])

    assert result.exit_code == 2
    assert option in result.output


def test_machines_that_are_no_lab_are_left_alone():
    example = str(ROOT / "inventories" / "example")
    result = CliRunner().invoke(main, ["load", "--inventory", example])

    assert result.exit_code == 1
    assert "Load is for a lab only" in result.output


def test_voters_are_like_those_of_the_load_balancer():
    voters = [new_voter() for _ in range(100)]

    assert len(set(voters)) == 100
    assert all(
        re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f-]{16}", v) for v in voters
    )


def test_a_record_is_read_in_the_order_of_sending(tmp_path):
    record = tmp_path / "record"
    assert written(record) == 0
    record.write_text(
        "v1 a 30 5 200 33 0 192.0.2.12 0\nv2 b 10 45 0 0 9 192.0.2.13 1\nv3 a 20 7 503 0 0 - 0\n"
    )

    assert written(record) == 3
    assert read(record) == [
        Vote("v2", "b", 10, 45, 0, 0, 9, "192.0.2.13", True),
        Vote("v3", "a", 20, 7, 503, 0, 0, "-", False),
        Vote("v1", "a", 30, 5, 200, 33, 0, "192.0.2.12", False),
    ]


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([7], 50, 7), ([1, 2], 50, 1), ([1, 2, 3], 50, 2), (range(1, 101), 99, 99), ([1, 2], 99, 2)],
)
def test_percentiles_are_values_that_were_seen(values, share, expected):
    assert percentile(list(values), share) == expected


@pytest.fixture
def run():
    """Two seconds: three receipts of which one is stored late, a refusal, a vote in doubt."""
    votes = [
        Vote("v1", "a", START, 1000, 200, START + 500),
        Vote("v2", "a", START + 1, 3000, 200, START + 600),
        Vote("v3", "a", START + 2, 1000, 503, 0),
        Vote("v4", "a", START + SECOND, 5000, 200, START + SECOND + 500),
        Vote("v5", "a", START + SECOND, 0, 0, 0),
    ]
    stored = {"v1": START + 20_500, "v2": START + SECOND + 600, "v4": START + 2 * SECOND + 500}
    ledger = [Ballot(v.voter, v.choice, v.cast, stored[v.voter]) for v in votes if v.cast]
    return votes, ledger


def test_seconds_have_their_figures(run):
    figures = series(*run, WINDOW)

    assert figures.acknowledged == [2, 1, 0]
    assert figures.other == [1, 0, 0]
    assert figures.latency[50] == [1.0, 5.0, None]
    assert figures.latency[99] == [3.0, 5.0, None]
    assert figures.backlog == [1, 1, 0]
    assert figures.lag[50] == [20.0, 1000.0, None]


def test_what_a_wrong_clock_told_is_in_no_figure(run):
    votes, ledger = run
    wrong = [ballot._replace(stored=ballot.stored + 3600 * SECOND) for ballot in ledger]

    figures = series(votes, wrong, WINDOW)

    assert figures.acknowledged == [2, 1]
    assert figures.lag[50] == [None, None]


def test_what_is_stored_before_its_voter_has_the_answer_is_no_backlog(run):
    votes, ledger = run
    early = votes[0]._replace(took=3 * SECOND)

    assert series([early], ledger[:1], WINDOW).backlog == [-1, -1, 0, 0]


def test_the_report_stands_alone_and_says_what_was_found(run, tmp_path):
    votes, ledger = run
    verdict = compare(votes, ledger[1:], [])
    figures = {
        "began": "today",
        "clients": 3,
        "changed": 0.1,
        **{"abandon": 0.25, "in_flight": 0.0, "fresh": 0.5, "https": 0.5, "arrival_rate": 0.0},
        **{"balancers": ["192.0.2.12", "192.0.2.13"], "skew": 50, "unsure": ["192.0.2.13"]},
        "faults": [{"name": "power loss of store01", "from": 0.5, "to": 1.5, "problem": ""}],
        "repeat": "./landslide chaos --seed=7",
        "drain_seconds": 1.2,
        "cpu": {"frontend": 0.5},
        "generator_cpu": 0.1,
        **speed(votes, 0),
        **verdict.as_dict(),
    }
    page.write(tmp_path / "report.html", figures, verdict.clean, series(votes, ledger, WINDOW))
    text = (tmp_path / "report.html").read_text()

    assert "Not every vote was counted exactly once." in text
    assert text.count("<svg") == 4
    assert "<td>power loss of store01</td>" in text
    assert "3 clients, through 2 load balancers" in text
    assert "25 % abandoned" in text
    assert "all that went through 192.0.2.13" in text
    # It is drawn into two of the plots: all else is lines.
    assert text.count('class="line reactive"') == 2
    assert "./landslide chaos --seed=7" in text
    assert not re.findall(r"(?:src|href)=\"(?!#)[^\"]*\"|url\((?!#)", text)
