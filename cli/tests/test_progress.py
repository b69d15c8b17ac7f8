"""What is shown of a long run."""

import re
from io import StringIO

import pytest
from landslide_cli.progress import Steps
from rich.console import Console


@pytest.fixture
def output():
    return StringIO()


def play(steps, name, *tasks):
    steps.on_event({"event": "play", "name": name})
    for task in tasks:
        steps.on_event({"event": "task", "name": task})


def lines(output):
    return [re.sub(r" +\d+\.\d s +", " ", line) for line in output.getvalue().splitlines()]


def test_without_a_terminal_each_step_is_a_plain_line(output):
    with Steps(Console(file=output)) as steps:
        play(steps, "Docker", "one", "two")
        play(steps, "Swarm", "one")

    assert lines(output) == ["✓ Docker", "✓ Swarm"]


def test_a_play_without_tasks_is_no_step_and_plays_of_one_name_are_one(output):
    with Steps(Console(file=output)) as steps:
        play(steps, "Lab")
        play(steps, "Swarm", "one")
        play(steps, "Swarm", "two")

    assert lines(output) == ["✓ Swarm"]


def test_the_step_that_fails_is_marked(output):
    with pytest.raises(ValueError, match="broken"), Steps(Console(file=output)) as steps:
        steps.begin("Docker")
        raise ValueError("broken")

    assert lines(output) == ["✗ Docker"]


def test_no_color_means_plain_lines_on_a_terminal_too(output, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    with Steps(Console(file=output, force_terminal=True)) as steps:
        play(steps, "Docker", "one")

    assert lines(output) == ["✓ Docker"]


def test_on_a_terminal_the_present_task_is_shown(output, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    console = Console(file=output, force_terminal=True, width=100)
    with Steps(console) as steps:
        play(steps, "Docker", "The engine is installed")
        console.print(steps)

    assert "The engine is installed" in output.getvalue()


def test_of_a_task_that_is_tried_again_it_is_shown_how_far_it_is(output, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    console = Console(file=output, force_terminal=True, width=100)
    with Steps(console) as steps:
        play(steps, "Close", "Every queue is empty")
        steps.on_event({"event": "retry", "task": "Every queue is empty", "message": "7 wait"})
        console.print(steps)

    assert "7 wait" in output.getvalue()
