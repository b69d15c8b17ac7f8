"""The line that names the site on this machine."""

import pytest
from click.testing import CliRunner
from landslide_cli import hosts
from landslide_cli.errors import Problem
from landslide_cli.playbook import Outcome

LINE = "127.0.0.1 votingapp.local results.votingapp.local # Landslide"
OTHERS = "127.0.0.1 localhost\n::1 localhost # mine, not Landslide's\n"


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "hosts"
    path.write_text(OTHERS)
    told = {
        "entrance": "http://127.0.0.1:8080/",
        "names": ["votingapp.local", "results.votingapp.local"],
    }
    monkeypatch.setattr(hosts, "FILE", path)
    monkeypatch.setattr("landslide_cli.playbook.run", lambda *arguments: Outcome(data=told))
    return path


def run(*arguments):
    return CliRunner().invoke(hosts.hosts, arguments)


def test_without_a_change_the_line_is_shown_and_nothing_is_written(file):
    result = run()

    assert result.exit_code == 0
    assert LINE in result.output
    assert file.read_text() == OTHERS


def test_it_is_written_once_and_goes_without_a_trace(file):
    assert run("add", "--yes").exit_code == 0
    assert file.read_text() == f"{OTHERS}{LINE}\n"
    assert "needs no change" in run("add").output

    assert run("remove", "--yes").exit_code == 0
    assert file.read_text() == OTHERS
    assert "needs no change" in run("remove").output


def test_another_address_takes_the_place_of_the_old_one(file):
    file.write_text(f"{OTHERS}192.0.2.1 votingapp.local # Landslide\n127.0.1.1 me")
    run("add", "--yes")

    assert file.read_text() == f"{OTHERS}127.0.1.1 me\n{LINE}\n"


@pytest.mark.parametrize("change", ["add", "remove"])
def test_without_a_terminal_it_wants_to_be_told_yes(file, change):
    file.write_text(f"{OTHERS}192.0.2.1 votingapp.local # Landslide\n")
    before = file.read_text()
    result = run(change)

    assert result.exit_code == 1
    assert "add --yes" in result.output
    assert file.read_text() == before


def test_a_site_that_has_a_name_is_told_so():
    with pytest.raises(Problem, match=r"is the name vote\.example\.org"):
        hosts.line_of("http://vote.example.org/", ["votingapp.local"])
