"""./landslide rotate, from the outside."""

import pytest
from click.testing import CliRunner
from landslide_cli.playbook import Failure, Outcome
from landslide_cli.rotate import rotate


def test_without_a_terminal_it_wants_to_be_told_yes(monkeypatch):
    monkeypatch.setattr("landslide_cli.playbook.run", lambda *arguments: pytest.fail("it ran"))
    result = CliRunner().invoke(rotate, ["test_token"])

    assert result.exit_code == 1
    assert "add --yes" in result.output


@pytest.mark.parametrize(
    ("told", "said"),
    [({}, "test_token has been changed."), ({"rotation_left": "Come again."}, "Come again.")],
)
def test_it_says_what_was_done_and_what_is_left(monkeypatch, told, said):
    asked = []

    def run(playbooks, inventory, log, listen, options):
        asked.extend([*playbooks, *options])
        return Outcome(data=told)

    monkeypatch.setattr("landslide_cli.playbook.run", run)
    result = CliRunner().invoke(rotate, ["test_token", "--yes"])

    assert result.exit_code == 0
    assert result.output == f"{said}\n"
    options = "rotate_key=test_token rotate_confirm=yes"
    assert asked == ["playbooks/rotate.yml", "--extra-vars", options]


def test_what_refused_it_is_told(monkeypatch):
    failure = Failure("A new value", "judge", "The poll is open. Nothing was changed.", ["m"])
    outcome = Outcome(returncode=2, failures=[failure])
    monkeypatch.setattr("landslide_cli.playbook.run", lambda *arguments: outcome)
    result = CliRunner().invoke(rotate, ["entry_key", "--yes"])

    assert result.exit_code == 1
    assert "The poll is open. Nothing was changed." in result.output
