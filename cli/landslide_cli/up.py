"""./landslide up"""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click
from rich.console import Console

from . import STATE, engine, playbook, preflight
from .inventory import Inventory, inventory_options
from .progress import Steps
from .report import raise_failure
from .times import sentence

PLAYBOOKS = ["playbooks/inventory.yml", "playbooks/lab.yml", "site.yml", "playbooks/addresses.yml"]
GO_ON = 'Mend that, then run "./landslide up" again: it goes on where it stopped.'


@click.command()
@inventory_options
def up(inventory: Inventory) -> None:
    """Brings the whole system up; run again, it changes only what has changed.

    Without -i, it first makes a lab on this machine: a container for each host of
    inventories/lab, which stands for a bare machine.
    """
    console = Console(highlight=False)
    log = STATE / "log" / time.strftime("up-%Y%m%d-%H%M%S.log")
    with Steps(console) as steps:
        if inventory.is_lab:
            steps.begin("This machine")
            preflight.check()
            engine.start()
        outcome = playbook.run(PLAYBOOKS, inventory, log, steps.hear)
        raise_failure(outcome, log, GO_ON)
    console.print(f"Up after {steps.elapsed:.0f} s. Log: {log}", soft_wrap=True)
    for name, address in outcome.data.get("addresses", {}).items():
        console.print(f"  {name:<11} {address}", soft_wrap=True)
    for warning in (*outcome.data.get("swarm_strangers", ()), *outcome.data.get("open_ports", ())):
        console.print(f"Warning: {warning}", soft_wrap=True)
    console.print(ending(outcome.data, datetime.now().astimezone()), soft_wrap=True)


def ending(told: Mapping[str, Any], now: datetime) -> str:
    """Say whether a test vote went all the way, and when the poll opens and closes."""
    counted = told["test_vote_counted"]
    vote = "A test vote was cast and counted." if counted else "No test vote was cast."
    # None where the store has stopped answering since.
    return f"{vote} {sentence(told['poll'], now)}" if told["poll"] else vote
