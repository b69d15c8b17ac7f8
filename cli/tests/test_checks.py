"""What is counted, and that nothing that failed is taken for passed."""

import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from landslide_cli import ROOT
from landslide_cli.checks import LAST_LINES, Checks, count, last_words
from landslide_cli.errors import Problem
from landslide_cli.test import (
    MOLECULE,
    ONCE_FOR_ALL,
    PARTS,
    SCENARIOS,
    is_prepared,
    require_world_readable,
    run_side_by_side,
    shortened,
)


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


def test_what_runs_is_ended_and_what_tidies_up_is_not(tmp_path):
    checks = Checks(tmp_path)
    ending = threading.Timer(0.2, checks.stop)
    ending.start()

    with pytest.raises(Problem, match="was stopped"):
        checks.check("endless", "sh", "-c", "sleep 60 & wait")
    ending.join()
    assert checks.check("tidying up", "true")


@pytest.fixture
def lab(monkeypatch):
    """What happens to the lab that scenarios are run on."""
    events = []

    @contextmanager
    def new_lab(checks):
        events.append("made")
        yield
        events.append("removed")

    monkeypatch.setattr("landslide_cli.test.new_lab", new_lab)
    return events


def test_the_parts_on_the_lab_share_one(tmp_path, monkeypatch, lab):
    for part in ("apps", "molecule", "cluster"):
        monkeypatch.setitem(PARTS, part, lambda checks, part=part: lab.append(part))

    run_side_by_side({part: Checks(tmp_path) for part in ("molecule", "cluster")})
    assert lab == ["made", "molecule", "cluster", "removed"]
    run_side_by_side({"apps": Checks(tmp_path)})
    assert lab[4:] == ["apps"]


@pytest.mark.usefixtures("lab")
def test_parts_run_side_by_side_and_are_told_in_order(tmp_path, monkeypatch):
    met = threading.Barrier(2, timeout=10)
    monkeypatch.setitem(PARTS, "apps", lambda checks: met.wait())
    monkeypatch.setitem(PARTS, "repo", lambda checks: checks.check("repo", "false"))
    monkeypatch.setitem(PARTS, "cluster", lambda checks: met.wait())

    lines = run_side_by_side({part: Checks(tmp_path) for part in ("cluster", "repo", "apps")})
    assert [(line[0], line.split()[-1]) for line in lines] == [
        ("✓", "apps"),
        ("✗", "repo"),
        ("✓", "cluster"),
    ]


@pytest.mark.usefixtures("lab")
def test_a_part_that_cannot_run_ends_the_others(tmp_path, monkeypatch):
    def refuse(checks):
        raise Problem("Another one has the lab.")

    monkeypatch.setitem(PARTS, "apps", lambda checks: checks.check("apps", "sleep", "60"))
    monkeypatch.setitem(PARTS, "cluster", refuse)

    with pytest.raises(Problem, match="has the lab"):
        run_side_by_side({part: Checks(tmp_path) for part in ("apps", "cluster")})


def test_a_checkout_that_nobody_may_enter_is_told_of(tmp_path):
    require_world_readable(Path("/usr"))
    tmp_path.chmod(0o700)
    (tmp_path / "landslide").mkdir(mode=0o755)

    with pytest.raises(Problem, match=f"may not enter {tmp_path}\\. Move"):
        require_world_readable(tmp_path / "landslide")


def test_every_role_has_its_scenario_run():
    roles = {path.name for path in (ROOT / "roles").iterdir() if path.is_dir()}

    # The machines of `aws` are its own: it is a part by itself.
    assert {*SCENARIOS, "aws"} == roles
    assert "aws" in PARTS
    assert len(SCENARIOS) == len(roles) - 1


def test_a_scenario_is_prepared_unless_those_before_it_have_done_so(tmp_path, monkeypatch):
    monkeypatch.setattr("landslide_cli.test.ROOT", tmp_path)
    plays = {
        "pki": {"converge": ["pki.yml"]},
        "docker": {"prepare": ["pki.yml", None], "converge": ["docker.yml"]},
        "worker": {"prepare": ["docker.yml", "queue.yml"], "converge": ["worker.yml"]},
        "frontend": {"prepare": ["pki.yml", "queue.yml", "worker.yml"]},
    }
    for name, steps in plays.items():
        (tmp_path / "molecule" / name).mkdir(parents=True)
        for step, playbooks in steps.items():
            content = [{"ansible.builtin.import_playbook": p} if p else {} for p in playbooks]
            (tmp_path / "molecule" / name / f"{step}.yml").write_text(yaml.safe_dump(content))

    assert is_prepared("pki", [])
    # It has a play of its own.
    assert not is_prepared("docker", ["pki"])
    # Nobody has brought up the queue.
    assert not is_prepared("worker", ["pki", "docker"])
    assert is_prepared("frontend", ["pki", "docker", "worker"])
    assert not is_prepared("frontend", ["pki", "docker"])


def test_what_others_try_for_all_is_left_out_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setattr("landslide_cli.test.MEMORY", tmp_path)

    def sequence(path):
        return yaml.safe_load(path.read_text())["scenario"]["test_sequence"]

    assert sequence(shortened("docker", [])) == ["prepare", "converge", "verify"]
    assert sequence(shortened("docker", SCENARIOS)) == ["prepare", "converge", "verify"]
    assert sequence(shortened("store", SCENARIOS)) == ["converge", "verify"]
    assert {*sequence(ROOT / MOLECULE)} > ONCE_FOR_ALL
    whole = [sequence(ROOT / "molecule" / name / "molecule.yml") for name in ("aws", "cluster")]
    assert {*whole[0], *whole[1]} > ONCE_FOR_ALL
