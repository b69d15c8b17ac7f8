"""./landslide retire"""

import sys
import time

import click
from rich.console import Console

from . import STATE, playbook
from .errors import Problem
from .inventory import Inventory, inventory_options
from .progress import Steps
from .report import raise_failure

GO_ON = 'No vote is lost. Mend that, then run "./landslide retire" again.'


@click.command()
@click.argument("host")
@inventory_options
@click.option("--yes", is_flag=True, help="Do not ask. Needed where there is no terminal.")
def retire(host: str, inventory: Inventory, yes: bool) -> None:
    """Remove a frontend or a worker while the poll is open.

    A frontend's queue stops taking votes and is drained into the store first.
    """
    if not yes:
        if not sys.stdin.isatty():
            raise Problem(f"This takes {host} out of the cluster: say --yes.")
        click.confirm(f"This takes {host} out of the cluster. Go on?", abort=True)
    console = Console(highlight=False)
    log = STATE / "log" / time.strftime("retire-%Y%m%d-%H%M%S.log")
    answers = ("--extra-vars", f"retire_host={host} retire_confirm=yes")
    with Steps(console) as steps:
        outcome = playbook.run(["playbooks/retire.yml"], inventory, log, steps.hear, answers)
        raise_failure(outcome, log, GO_ON)
    console.print(
        f"{host} is out. Take its line from the inventory, or the next run brings it back."
    )
