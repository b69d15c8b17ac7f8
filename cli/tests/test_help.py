"""What the commands say of themselves."""

import pytest
from click.testing import CliRunner
from landslide_cli.__main__ import main

OPERATE = [
    "up",
    "status",
    "open",
    "close",
    "retire",
    "rotate",
    "state",
    "hosts",
    "playbook",
    "down",
]
TEST = ["load", "chaos", "test"]


def test_commands_are_listed_in_the_order_of_use():
    said = CliRunner().invoke(main, ["--help"], terminal_width=80).output
    operate, test = (part.strip().splitlines() for part in said.split("Commands:")[1].split("\n\n"))

    assert [line.split()[0] for line in operate] == OPERATE
    assert [line.split()[0] for line in test[1:]] == TEST
    assert "..." not in said.split("Commands:")[1]


@pytest.mark.parametrize("command", [name for name in OPERATE + TEST if name != "playbook"])
def test_each_command_explains_itself(command):
    result = CliRunner().invoke(main, [command, "--help"])

    assert result.exit_code == 0
    assert command in result.output
