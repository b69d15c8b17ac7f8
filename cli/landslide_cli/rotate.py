"""./landslide rotate"""

import click
from rich.console import Console

from .confirm import confirm, yes_option
from .inventory import Inventory, inventory_options
from .report import run_steps

GO_ON = 'No vote is lost. Fix that, then run "./landslide rotate" again: it goes on where it was.'


@click.command()
@click.argument("name")
@inventory_options
@yes_option
def rotate(name: str, inventory: Inventory, yes: bool) -> None:
    """Change a secret or an authority of the cluster.

    docs/keys.md has their names, and how each is changed.
    """
    confirm(f"This changes {name} of the cluster.", yes)
    console = Console(highlight=False)
    answers = f"rotate_key={name} rotate_confirm=yes"
    outcome = run_steps("rotate", inventory, GO_ON, answers)
    console.print(outcome.data.get("rotation_left", f"{name} is another one now."), soft_wrap=True)
