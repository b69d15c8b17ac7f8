"""./landslide rotate"""

import time

import click
from rich.console import Console

from . import STATE, playbook
from .confirm import confirm, yes_option
from .inventory import Inventory, inventory_options
from .progress import Steps
from .report import raise_failure

GO_ON = 'No vote is lost. Fix that, then run "./landslide rotate" again: it continues from there.'


@click.command()
@click.argument("name")
@inventory_options
@yes_option
def rotate(name: str, inventory: Inventory, yes: bool) -> None:
    """Change a secret or an authority of the cluster.

    NAME is one of those in docs/keys.md, which says how each is changed.
    """
    confirm(f"This changes {name} of the cluster.", yes)
    console = Console(highlight=False)
    log = STATE / "log" / time.strftime("rotate-%Y%m%d-%H%M%S.log")
    answers = ("--extra-vars", f"rotate_key={name} rotate_confirm=yes")
    with Steps(console) as steps:
        outcome = playbook.run(["playbooks/rotate.yml"], inventory, log, steps.on_event, answers)
        raise_failure(outcome, log, GO_ON)
    console.print(outcome.data.get("rotation_left", f"{name} has been changed."), soft_wrap=True)
