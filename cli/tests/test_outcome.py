"""What is made of the events of a run."""

import pytest
from landslide_cli.errors import Problem
from landslide_cli.playbook import Outcome
from landslide_cli.report import raise_failure


def failed(task, host, message="It broke.", unreachable=False):
    return {
        "event": "failed",
        "task": task,
        "host": host,
        "message": message,
        "unreachable": unreachable,
    }


@pytest.fixture
def outcome():
    outcome = Outcome(returncode=2)
    outcome.on_event({"event": "play", "name": "Docker"})
    return outcome


def test_hosts_that_fail_alike_are_told_together(outcome):
    outcome.on_event(failed("Installed", "worker01"))
    outcome.on_event(failed("Installed", "store", "No room."))
    outcome.on_event(failed("Installed", "frontend01"))

    assert [(failure.message, failure.hosts) for failure in outcome.failures] == [
        ("It broke.", ["worker01", "frontend01"]),
        ("No room.", ["store"]),
    ]


def test_only_the_last_task_that_failed_is_told_for_the_others_were_rescued(outcome):
    outcome.on_event(failed("Tried", "store"))
    outcome.on_event(failed("Named", "store"))

    assert [failure.task for failure in outcome.failures] == ["Named"]


def test_every_machine_that_could_not_be_reached_is_kept(outcome):
    outcome.on_event(failed("First", "manager", unreachable=True))
    outcome.on_event(failed("Second", "store", unreachable=True))

    assert outcome.unreachable == {"manager", "store"}


def test_a_failure_says_where_and_what_and_what_to_do(outcome, tmp_path):
    outcome.on_event(failed("Installed", "worker01"))

    with pytest.raises(Problem) as problem:
        raise_failure(outcome, tmp_path / "up.log", "Try again.")

    told = problem.value.format_message()
    assert "Docker failed on worker01, at: Installed\nIt broke." in told
    assert "Try again." in told
    assert str(tmp_path / "up.log") in told


def test_without_a_failed_task_the_last_lines_of_the_log_are_told(tmp_path):
    log = tmp_path / "up.log"
    log.write_text("first\n" + "\n".join(f"line {n}" for n in range(5)) + "\n")

    with pytest.raises(Problem) as problem:
        raise_failure(Outcome(returncode=4), log, "Try again.")

    assert "ended with 4" in problem.value.message
    assert "line 0\nline 1\nline 2\nline 3\nline 4" in problem.value.message
    assert "first" not in problem.value.message


def test_a_rescued_failure_is_no_problem(outcome, tmp_path):
    outcome.on_event(failed("Tried", "store"))
    outcome.returncode = 0

    raise_failure(outcome, tmp_path / "up.log", "Try again.")
