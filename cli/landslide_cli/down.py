"""./landslide down"""

import click
from rich.console import Console

from . import engine, playbook
from .confirm import confirm, yes_option
from .inventory import Inventory, inventory_options
from .progress import Steps
from .report import new_log, raise_failure

RESET = ["--extra-vars", "reset_confirm=yes", "--extra-vars", "reset_volumes=true"]
AGAIN = 'Run "./landslide down" again: it removes what is left.'


@click.command()
@inventory_options
@yes_option
def down(inventory: Inventory, yes: bool) -> None:
    """Remove the system and its votes.

    A lab is removed with its machines. Your own machines keep their Docker engines.
    """
    what = "the lab" if inventory.is_lab else ", ".join(inventory.groups["all"])
    confirm(f"This removes Landslide and all votes from {what}. Certificates are kept.", yes)
    log = new_log("down")
    console = Console(highlight=False)
    with Steps(console) as steps:
        if inventory.is_lab:
            steps.begin("Docker engine")
            engine.start()
            outcome = playbook.run(["playbooks/lab_down.yml"], inventory, log, steps.on_event)
        else:
            outcome = playbook.run(["playbooks/reset.yml"], inventory, log, steps.on_event, RESET)
        raise_failure(outcome, log, AGAIN)
    if kept := outcome.data.get("kept_certificate"):
        console.print(f"The poll's certificate is kept: {kept}", soft_wrap=True)
