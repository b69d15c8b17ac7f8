"""./landslide rotate"""

import click
from rich.console import Console

from .confirm import confirm, yes_option
from .inventory import Inventory, inventory_options
from .report import run_steps

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
    answers = f"rotate_key={name} rotate_confirm=yes"
    outcome = run_steps("rotate", inventory, GO_ON, answers)
    console.print(outcome.data.get("rotation_left", f"{name} has been changed."), soft_wrap=True)
