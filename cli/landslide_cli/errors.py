"""The one error that is meant for the user."""

import click


class Problem(click.ClickException):
    """Something the user can fix. Its message is full sentences that say what to do."""

    def show(self, file: object = None) -> None:
        """Print the message, without the word that click puts before it."""
        click.echo(self.format_message(), err=True)


class Stopped(Problem):
    """The user, or another program, has interrupted the command."""

    exit_code = 130

    def __init__(self) -> None:
        """Say what that means."""
        super().__init__("Interrupted. Run the same command again: it continues where it stopped.")
