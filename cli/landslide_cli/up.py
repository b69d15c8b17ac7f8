"""./landslide up"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click
from rich.console import Console

from . import engine, playbook, preflight
from .inventory import Inventory, inventory_options
from .progress import Steps
from .report import new_log, raise_failure
from .times import sentence

PLAYBOOKS = [
    "playbooks/stages/inventory.yml",
    "playbooks/lab.yml",
    "site.yml",
    "playbooks/addresses.yml",
]
GO_ON = 'Fix the problem, then run "./landslide up" again: it continues where it stopped.'


@click.command()
@inventory_options
def up(inventory: Inventory) -> None:
    """Install or update the system; without -i, a lab on this machine.

    It can be run again at any time: it changes only what differs from the inventory. The machines
    of the lab are containers, one for each host of inventories/lab.
    """
    console = Console(highlight=False)
    log = new_log("up")
    with Steps(console) as steps:
        if inventory.is_lab:
            steps.begin("This machine")
            preflight.check()
            engine.start()
        outcome = playbook.run(PLAYBOOKS, inventory, log, steps.on_event)
        raise_failure(outcome, log, GO_ON)
    console.print(f"Up after {steps.elapsed:.0f} s. Log: {log}", soft_wrap=True)
    for change in outcome.data.get("image_changes", ()):
        console.print(f"Image {change}", soft_wrap=True)
    for name, address in outcome.data.get("addresses", {}).items():
        console.print(f"  {name:<11} {address}", soft_wrap=True)
    for kind in ("untried", "swarm_strangers", "open_ports"):
        for warning in outcome.data.get(kind, ()):
            console.print(f"Warning: {warning}", soft_wrap=True)
    console.print(ending(outcome.data, datetime.now().astimezone()), soft_wrap=True)


def ending(data: Mapping[str, Any], now: datetime) -> str:
    """Say whether a test vote was counted, and when the poll opens and closes."""
    counted = data["test_vote_counted"]
    vote = (
        "A test vote was cast and counted."
        if counted
        else "No test vote was cast, as the poll is not open."
    )
    # None where the store has stopped answering since.
    return f"{vote} {sentence(data['poll'], now)}" if data["poll"] else vote
