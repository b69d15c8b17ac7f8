"""./landslide down"""

import sys
import time

import click
from rich.console import Console

from . import STATE, engine, playbook
from .errors import Problem
from .inventory import Inventory, inventory_options
from .progress import Steps
from .report import raise_failure

RESET = ["--extra-vars", "reset_confirm=yes", "--extra-vars", "reset_volumes=true"]
AGAIN = 'Run "./landslide down" again: it takes away what is left.'


@click.command()
@inventory_options
@click.option("--yes", is_flag=True, help="Do not ask. Needed where there is no terminal.")
def down(inventory: Inventory, yes: bool) -> None:
    """Remove the system and its votes.

    A lab is removed with its machines. Your own machines keep their Docker engines.
    """
    what = "the lab" if inventory.is_lab else ", ".join(inventory.groups["all"])
    if not yes:
        if not sys.stdin.isatty():
            raise Problem(f"This removes Landslide from {what}, votes and all: say --yes.")
        click.confirm(f"This removes Landslide from {what}, votes and all. Go on?", abort=True)
    log = STATE / "log" / time.strftime("down-%Y%m%d-%H%M%S.log")
    with Steps(Console(highlight=False)) as steps:
        if inventory.is_lab:
            steps.begin("Docker engine")
            engine.start()
            outcome = playbook.run(["playbooks/lab_down.yml"], inventory, log, steps.hear)
        else:
            outcome = playbook.run(["playbooks/reset.yml"], inventory, log, steps.hear, RESET)
        raise_failure(outcome, log, AGAIN)
