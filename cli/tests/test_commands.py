"""The commands, from the outside."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from landslide_cli import ROOT, playbook
from landslide_cli.__main__ import main
from landslide_cli.inventory import Inventory
from landslide_cli.playbook import Outcome

ARGUMENTS = ["--help", "-i", "mine", "--", "-e", "a=b", "site.yml", "--check"]


def test_playbook_passes_on_every_argument(monkeypatch):
    executed = []
    monkeypatch.setattr("os.execvpe", lambda *what: executed.append(what))
    CliRunner().invoke(main, ["playbook", *ARGUMENTS])

    ((program, arguments, environment),) = executed
    assert program == "ansible-playbook"
    assert arguments == ["ansible-playbook", *ARGUMENTS]
    assert environment["ANSIBLE_CONFIG"] == str(ROOT / "ansible.cfg")


def test_playbook_is_the_ansible_of_the_project_with_its_settings(tmp_path):
    own = {name: value for name, value in os.environ.items() if name != "ANSIBLE_CONFIG"}
    done = subprocess.run(
        [sys.executable, "-m", "landslide_cli", "playbook", "--version"],
        cwd=tmp_path,
        env=own | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert f"config file = {ROOT / 'ansible.cfg'}" in done.stdout
    assert f"executable location = {os.path.dirname(sys.executable)}" in done.stdout


def test_faults_are_listed_where_there_is_no_lab(monkeypatch):
    monkeypatch.setattr("landslide_cli.playbook.run", lambda *arguments: pytest.fail("it ran"))
    result = CliRunner().invoke(main, ["chaos", "--list", "--only", "disk"])

    assert result.exit_code == 0
    assert any("store01" in line for line in result.output.splitlines())
    assert all("disk" in line for line in result.output.splitlines())


def test_paths_of_tests_are_run_by_pytest(monkeypatch):
    asked = []
    monkeypatch.setattr("os.execvp", lambda program, command: asked.append(command) or exit())
    one = f"{__file__}::test_each_command_explains_itself"
    CliRunner().invoke(main, ["test", __file__, one])

    assert asked == [["pytest", __file__, one]]


@pytest.mark.parametrize("arguments", [["absent.py"], ["lint", __file__]])
def test_what_is_neither_a_part_nor_a_path_is_refused(arguments):
    result = CliRunner().invoke(main, ["test", *arguments])

    assert result.exit_code == 2
    assert f"{arguments[-1]} is not a part" in result.output


@pytest.mark.parametrize("command", [["down"], ["close"], ["retire", "frontend02"]])
def test_what_cannot_be_undone_is_confirmed(command, monkeypatch):
    monkeypatch.setattr("landslide_cli.playbook.run", lambda *arguments: pytest.fail("it ran"))
    result = CliRunner().invoke(main, command)

    assert result.exit_code == 1
    assert "To confirm, add --yes." in result.output


def test_down_says_where_the_certificate_is_kept(monkeypatch):
    outcome = Outcome(data={"kept_certificate": "/kept/lab-1"})
    monkeypatch.setattr("landslide_cli.playbook.run", lambda *arguments: outcome)
    monkeypatch.setattr("landslide_cli.engine.start", lambda: None)
    result = CliRunner().invoke(main, ["down", "--yes"])

    assert result.exit_code == 0
    assert "/kept/lab-1" in result.output


PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.include_role: {name: landslide.voting.lab, tasks_from: certificate.yml}
"""


def test_a_certificate_outlives_its_lab(tmp_path):
    (tmp_path / "hosts.ini").write_text("localhost ansible_connection=local")
    (tmp_path / "play.yml").write_text(PLAY)
    state = tmp_path / "lab"
    inventory = Inventory(tmp_path / "hosts.ini", ("lab_name=lab", f"lab_state_dir={state}"))

    def certify() -> dict:
        what = ([str(tmp_path / "play.yml")], inventory, tmp_path / "log", lambda event: None)
        outcome = playbook.run(*what)
        assert outcome.returncode == 0, (tmp_path / "log").read_text()
        return outcome.data

    assert certify() == {}
    (state / "certificate").mkdir(parents=True)
    (state / "certificate/certificate.json").write_text("{}")
    kept = Path(certify()["kept_certificate"])
    assert kept.parent == tmp_path / "certificates"
    assert (kept / "certificate.json").read_text() == "{}"
    assert not (state / "certificate").exists()


def test_up_reports_what_has_changed_in_rebuilt_images(monkeypatch):
    told = {
        "image_changes": ["pg is rebuilt: perl 5.40.1-6 -> 5.40.1-7"],
        "test_vote_counted": True,
        "poll": {},
    }
    monkeypatch.setattr("landslide_cli.playbook.run", lambda *arguments: Outcome(data=told))
    for what in ("preflight.check", "engine.start"):
        monkeypatch.setattr(f"landslide_cli.{what}", lambda: None)
    result = CliRunner().invoke(main, ["up"])

    assert result.exit_code == 0, result.output
    assert "Image pg is rebuilt: perl 5.40.1-6 -> 5.40.1-7" in result.output


CERTIFICATE = {
    "title": "Cats or dogs?",
    "choices": [{"text": "Cats", "votes": 1234}, {"text": "Dogs", "votes": 99}],
    **{"votes": 1333, "test_votes": 2, "changed_votes": 30, "rejected": 4, "received": 1369},
}


def test_close_shows_the_count_and_where_the_certificate_is(monkeypatch):
    asked = []
    told = {
        "closed": "The poll is closed.",
        "certificate": CERTIFICATE,
        "certificate_files": ["/state/certificate.json", "/state/certificate.html"],
    }

    def run(playbooks, inventory, log, listen, options):
        asked.extend([*playbooks, *options])
        return Outcome(data=told)

    monkeypatch.setattr("landslide_cli.playbook.run", run)
    result = CliRunner().invoke(main, ["close", "--yes"])

    assert result.exit_code == 0
    assert asked == ["playbooks/close.yml", "--extra-vars", "close_confirm=yes"]
    for word in ("The poll is closed.", "Cats", "1,234", "1,369", "/state/certificate.html"):
        assert word in result.output
    assert "repeated" not in result.output


def test_close_tells_repeated_votes_from_changed_ones(monkeypatch):
    certificate = CERTIFICATE | {"repeated_votes": 4321}
    told = {"closed": "", "certificate": certificate, "certificate_files": []}
    monkeypatch.setattr("landslide_cli.playbook.run", lambda *arguments: Outcome(data=told))
    result = CliRunner().invoke(main, ["close", "--yes"])

    assert "repeated votes" in result.output
    assert "4,321" in result.output


def test_close_of_a_poll_that_does_not_add_up_says_what_and_fails(monkeypatch):
    outcome = Outcome(returncode=2)
    outcome.on_event({"event": "play", "name": "Close"})
    message = "The count does not add up; no certificate can be given.\nQueue 1 on frontend01 ..."
    told = {"task": "The count adds up", "host": "store01", "message": message}
    outcome.on_event({"event": "failed", "unreachable": False, **told})
    monkeypatch.setattr("landslide_cli.playbook.run", lambda *arguments: outcome)
    result = CliRunner().invoke(main, ["close", "--yes"])

    assert result.exit_code == 1
    assert message in result.output
    assert '"./landslide close" can be run again' in result.output


def test_open_says_how_it_went(monkeypatch):
    outcome = Outcome(data={"opened": "The poll is open."})
    monkeypatch.setattr("landslide_cli.playbook.run", lambda *arguments: outcome)
    result = CliRunner().invoke(main, ["open"])

    assert result.exit_code == 0
    assert "The poll is open." in result.output


def test_status_of_a_lab_that_is_not_there_says_how_to_make_one(monkeypatch):
    outcome = Outcome(unreachable={"manager01", "store01"})
    monkeypatch.setattr("landslide_cli.playbook.run", lambda *arguments: outcome)
    result = CliRunner().invoke(main, ["status"])

    assert result.exit_code == 1
    assert 'The lab is down; not reachable: manager01, store01. "./landslide up"' in result.output


INTAKES = [{"open": True, "retired": False}, {"open": False, "retired": True}]


def test_status_shows_what_was_told(monkeypatch):
    node = {"Hostname": "store", "Status": "Ready", "Availability": "Active", "ManagerStatus": ""}
    poll = {
        "state": "open",
        "opens_at": None,
        "opened_at": "2026-11-26T10:00:00.123456+00:00",
        "closes_at": None,
        "closed_at": None,
        "choices": [{"text": "Cats", "votes": 1234}],
        "queues": [
            {"node": f"frontend0{number}", "waiting": 5, "added": 1239, "age": 1} | intake
            for number, intake in enumerate(INTAKES, start=1)
        ],
    }
    told = {
        "manager": {
            "nodes": [node],
            "services": [{"Name": "worker", "Replicas": "1/1"}],
            "containers": [],
            "poll": {},
        },
        "store": {"nodes": [], "services": [], "containers": [], "poll": poll},
    }
    monkeypatch.setattr(
        "landslide_cli.playbook.run", lambda *arguments: Outcome(data={"status": told})
    )
    result = CliRunner().invoke(main, ["status"])

    assert result.exit_code == 0
    for word in (
        "Ready",
        "worker",
        "1/1",
        "Cats",
        "1,234",
        "frontend01",
        "retired",
        "The poll was opened on",
        "No closing is scheduled",
    ):
        assert word in result.output


def test_an_unknown_part_of_the_tests_is_refused():
    result = CliRunner().invoke(main, ["test", "nonsense"])

    assert result.exit_code == 2
    assert "nonsense" in result.output


def test_up_passes_on_what_a_run_warns_of(monkeypatch, tmp_path):
    (tmp_path / "hosts.ini").write_text("[manager]\nmanager01\n")
    told = {
        "test_vote_counted": True,
        "poll": {},
        "untried": ["Landslide has not been tried on aarch64, only on x86_64."],
        "open_ports": ["store01 answers at 203.0.113.250 on port 2377/tcp."],
        "swarm_strangers": ["worker09 is in the Swarm and not in the inventory."],
    }
    monkeypatch.setattr("landslide_cli.playbook.run", lambda *arguments: Outcome(data=told))
    result = CliRunner().invoke(main, ["up", "-i", str(tmp_path / "hosts.ini")])

    assert result.exit_code == 0, result.output
    assert "Warning: Landslide has not been tried on aarch64" in result.output
    assert "Warning: store01 answers at 203.0.113.250 on port 2377/tcp." in result.output
    assert "Warning: worker09 is in the Swarm" in result.output
