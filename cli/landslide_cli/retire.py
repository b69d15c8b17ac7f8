"""./landslide retire"""

import click
from rich.console import Console

from .confirm import confirm, yes_option
from .inventory import Inventory, inventory_options
from .report import run_steps

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
    answers = f"retire_host={host} retire_confirm=yes"
    run_steps("retire", inventory, GO_ON, answers)
    console.print(
        f"{host} is retired. Remove it from the inventory, or the next run adds it again."
    )
