"""Asking before something that cannot be undone."""

import sys

import click

from .errors import Problem

yes_option = click.option("--yes", is_flag=True, help="Do not ask. Required without a terminal.")


def confirm(consequence: str, yes: bool) -> None:
    """Ask whether to go on, unless `yes`.

    Raises `Problem` where there is no terminal to ask on, `click.Abort` where the answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise Problem(f"{consequence} To confirm, add --yes.")
    click.confirm(f"{consequence} Continue?", abort=True)
