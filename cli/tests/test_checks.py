"""What is counted, and that nothing that failed is taken for passed."""

from pathlib import Path

import pytest
from landslide_cli import ROOT
from landslide_cli.checks import LAST_LINES, Checks, count, last_words
from landslide_cli.errors import Problem
from landslide_cli.test import PARTS, SCENARIOS, let_nobody_in


@pytest.mark.parametrize(
    ("good", "output", "counted"),
    [
        (True, "", (1, 0)),
        (False, "no summary\n", (0, 1)),
        (True, "==== 12 passed in 3.45s ====\n", (12, 0)),
        (False, "FAILED x\n= 2 failed, 10 passed, 1 error in 75.00s (0:01:15) =\n", (10, 3)),
        (False, "==== 12 passed in 3.45s ====\n", (12, 1)),
        (False, "==== 12 passed in 3.45s ====\nthen something broke\n", (0, 1)),
    ],
)
def test_what_pytest_says_is_counted(good, output, counted):
    assert count(good, output) == counted


def test_a_command_that_fails_is_counted_and_its_last_words_are_shown(tmp_path, capsys):
    checks = Checks(tmp_path / "log")

    assert checks.check("good one", "sh", "-c", "echo $WORD", WORD="fine")
    assert not checks.check("bad one", "sh", "-c", "echo it broke; exit 3")
    assert (checks.passed, checks.failed) == (1, 1)
    assert (tmp_path / "log/good-one.log").read_text() == "fine\n"
    assert "it broke" in capsys.readouterr().out


def test_what_failed_is_shown_though_much_is_said_after_it():
    lines = [f"line {number}" for number in range(4 * LAST_LINES)]
    failed, ended = "fatal: [store01]: FAILED! =>", lines[-1]

    assert last_words("\n".join(lines)).splitlines() == lines[-LAST_LINES:]
    lines[LAST_LINES] = failed
    words = last_words("\n".join(lines)).splitlines()
    assert (words[0], words[-1], len(words)) == (failed, ended, 2 * LAST_LINES + 1)
    lines[-2] = failed
    assert last_words("\n".join(lines)).splitlines() == lines[-LAST_LINES:]


def test_a_command_that_takes_too_long_is_ended_and_has_failed(tmp_path, monkeypatch):
    monkeypatch.setattr("landslide_cli.checks.SECONDS", 0.1)
    checks = Checks(tmp_path)

    assert not checks.check("slow", "sleep", "60")
    assert checks.failed == 1


def test_a_checkout_that_nobody_may_enter_is_told_of(tmp_path):
    let_nobody_in(Path("/usr"))
    tmp_path.chmod(0o700)
    (tmp_path / "landslide").mkdir(mode=0o755)

    with pytest.raises(Problem, match=f"may not enter {tmp_path}\\. Move"):
        let_nobody_in(tmp_path / "landslide")


def test_every_role_has_its_scenario_run():
    roles = {path.name for path in (ROOT / "roles").iterdir() if path.is_dir()}

    # The machines of `aws` are its own: it is a part by itself.
    assert {*SCENARIOS, "aws"} == roles
    assert "aws" in PARTS
    assert len(SCENARIOS) == len(roles) - 1
