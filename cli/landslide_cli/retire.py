"""./landslide retire"""

import time

import click
from rich.console import Console

from . import STATE, playbook
from .confirm import confirm, yes_option
from .inventory import Inventory, inventory_options
from .progress import Steps
from .report import raise_failure

GO_ON = 'No vote is lost. Fix the problem, then run "./landslide retire" again.'


@click.command()
@click.argument("host")
@inventory_options
@yes_option
def retire(host: str, inventory: Inventory, yes: bool) -> None:
    """Remove a frontend or a worker while the poll is open.

    A frontend's queue stops taking votes and is drained into the store first.
    """
    confirm(f"This removes {host} from the cluster.", yes)
    console = Console(highlight=False)
    log = STATE / "log" / time.strftime("retire-%Y%m%d-%H%M%S.log")
    answers = ("--extra-vars", f"retire_host={host} retire_confirm=yes")
    with Steps(console) as steps:
        outcome = playbook.run(["playbooks/retire.yml"], inventory, log, steps.on_event, answers)
        raise_failure(outcome, log, GO_ON)
    console.print(
        f"{host} is retired. Remove it from the inventory, or the next run adds it again."
    )
