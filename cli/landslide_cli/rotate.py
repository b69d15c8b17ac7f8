"""./landslide rotate"""

import sys
import time

import click
from rich.console import Console

from . import STATE, playbook
from .errors import Problem
from .inventory import Inventory, inventory_options
from .progress import Steps
from .report import raise_failure

GO_ON = 'No vote is lost. Fix that, then run "./landslide rotate" again: it goes on where it was.'


@click.command()
@click.argument("name")
@inventory_options
@click.option("--yes", is_flag=True, help="Do not ask. Needed where there is no terminal.")
def rotate(name: str, inventory: Inventory, yes: bool) -> None:
    """Change a secret or an authority of the cluster.

    docs/keys.md has their names, and how each is changed.
    """
    if not yes:
        if not sys.stdin.isatty():
            raise Problem(f"This changes {name} of the cluster: say --yes.")
        click.confirm(f"This changes {name} of the cluster. Go on?", abort=True)
    console = Console(highlight=False)
    log = STATE / "log" / time.strftime("rotate-%Y%m%d-%H%M%S.log")
    answers = ("--extra-vars", f"rotate_key={name} rotate_confirm=yes")
    with Steps(console) as steps:
        outcome = playbook.run(["playbooks/rotate.yml"], inventory, log, steps.on_event, answers)
        raise_failure(outcome, log, GO_ON)
    console.print(outcome.data.get("rotation_left", f"{name} is another one now."), soft_wrap=True)
