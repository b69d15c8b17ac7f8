"""The commands, from the outside."""

import pytest
from click.testing import CliRunner
from landslide_cli.__main__ import main
from landslide_cli.down import down
from landslide_cli.playbook import Outcome


@pytest.mark.parametrize(
    "command", ["up", "status", "hosts", "load", "open", "close", "test", "down"]
)
def test_each_command_explains_itself(command):
    result = CliRunner().invoke(main, [command, "--help"])

    assert result.exit_code == 0
    assert command in result.output


def test_faults_are_listed_where_there_is_no_lab(monkeypatch):
    monkeypatch.setattr("landslide_cli.playbook.run", lambda *arguments: pytest.fail("it ran"))
    result = CliRunner().invoke(main, ["chaos", "--list", "--only", "disk"])

    assert result.exit_code == 0
    assert any("store01" in line for line in result.output.splitlines())
    assert all("disk" in line for line in result.output.splitlines())


def test_down_without_a_terminal_wants_to_be_told_yes():
    result = CliRunner().invoke(down, [])

    assert result.exit_code == 1
    assert "say --yes" in result.output


def test_close_without_a_terminal_wants_to_be_told_yes(monkeypatch):
    monkeypatch.setattr("landslide_cli.playbook.run", lambda *arguments: pytest.fail("it ran"))
    result = CliRunner().invoke(main, ["close"])

    assert result.exit_code == 1
    assert "say --yes" in result.output


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
    outcome.hear({"event": "play", "name": "Close"})
    message = "The count does not add up; no certificate can be given.\nQueue 1 on frontend01 ..."
    told = {"task": "The count adds up", "host": "store01", "message": message}
    outcome.hear({"event": "failed", "unreachable": False, **told})
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
    assert (
        'The lab is down: manager01, store01 cannot be reached. "./landslide up"' in result.output
    )


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
        "It closes by hand only",
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
        "open_ports": ["store01 answers at 203.0.113.250 on port 2377/tcp."],
        "swarm_strangers": ["worker09 is in the Swarm and not in the inventory."],
    }
    monkeypatch.setattr("landslide_cli.playbook.run", lambda *arguments: Outcome(data=told))
    result = CliRunner().invoke(main, ["up", "-i", str(tmp_path / "hosts.ini")])

    assert result.exit_code == 0, result.output
    assert "Warning: store01 answers at 203.0.113.250 on port 2377/tcp." in result.output
    assert "Warning: worker09 is in the Swarm" in result.output
