"""./landslide playbook"""

import os

import click

from . import playbook


class Verbatim(click.Command):
    """A command that passes on all of its arguments, --help and -- too."""

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        """Take them as they are."""
        context.params["arguments"] = arguments
        return []


@click.command("playbook", cls=Verbatim)
def run_playbook(arguments: list[str]) -> None:
    """Run ansible-playbook with the project's settings."""
    os.execvpe("ansible-playbook", ["ansible-playbook", *arguments], playbook.settings())
