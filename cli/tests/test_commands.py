"""The commands, from the outside."""

import pytest
from click.testing import CliRunner
from landslide_cli.__main__ import main
from landslide_cli.down import down
from landslide_cli.playbook import Outcome


@pytest.mark.parametrize("command", ["up", "status", "load", "test", "down"])
def test_each_command_explains_itself(command):
    result = CliRunner().invoke(main, [command, "--help"])

    assert result.exit_code == 0
    assert command in result.output


def test_down_without_a_terminal_wants_to_be_told_yes():
    result = CliRunner().invoke(down, [])

    assert result.exit_code == 1
    assert "say --yes" in result.output


def test_status_of_a_lab_that_is_not_there_says_how_to_make_one(monkeypatch):
    outcome = Outcome(unreachable={"manager01", "store01"})
    monkeypatch.setattr("landslide_cli.playbook.run", lambda *arguments: outcome)
    result = CliRunner().invoke(main, ["status"])

    assert result.exit_code == 1
    assert (
        'The lab is down: manager01, store01 cannot be reached. "./landslide up"' in result.output
    )


def test_status_shows_what_was_told(monkeypatch):
    node = {"Hostname": "store", "Status": "Ready", "Availability": "Active", "ManagerStatus": ""}
    poll = {
        "state": "open",
        "choices": [{"text": "Cats", "votes": 1234}],
        "queues": [{"node": "frontend01", "open": True, "waiting": 5, "added": 1239, "age": 1}],
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
    for word in ("Ready", "worker", "1/1", "Cats", "1,234", "frontend01", "poll is open"):
        assert word in result.output


def test_an_unknown_part_of_the_tests_is_refused():
    result = CliRunner().invoke(main, ["test", "nonsense"])

    assert result.exit_code == 2
    assert "nonsense" in result.output
