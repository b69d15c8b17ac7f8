"""The commands on the poll, from the outside."""

import pytest
from testing.postgres_server import PostgresServer

from .conftest import ask


@pytest.mark.parametrize("command", [[], ["retire"], ["open", "now"], ["nonsense"]])
def test_a_command_that_is_none_is_answered_with_what_there_is(
    postgres: PostgresServer, command: list[str]
) -> None:
    code, said = ask(postgres, *command)
    assert code == 2
    assert "retire QUEUE" in said
