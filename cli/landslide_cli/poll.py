"""./landslide open and ./landslide close"""

import time
from typing import Any

import click
from rich.console import Console

from . import STATE, playbook
from .confirm import confirm, yes_option
from .inventory import Inventory, inventory_options
from .progress import Steps
from .report import raise_failure
from .status import table

AGAIN = '"./landslide close" can be run again at any time.'
LOOK = '"./landslide status" shows the poll.'


@click.command("open")
@inventory_options
def open_(inventory: Inventory) -> None:
    """Open the poll now, before its time.

    A poll without "opens_at" opens by itself. A closed poll cannot be opened again.
    """
    console = Console(highlight=False)
    console.print(_run("open", inventory, console, LOOK)["opened"])


@click.command()
@inventory_options
@yes_option
def close(inventory: Inventory, yes: bool) -> None:
    """Close the poll for good and certify the count.

    Every acknowledged vote is counted first. Run again, it verifies the certificate.
    """
    confirm("This closes the poll for good: nobody can vote any more.", yes)
    console = Console(highlight=False)
    data = _run("close", inventory, console, AGAIN, "--extra-vars", "close_confirm=yes")
    console.print(data["closed"])
    console.print()
    show(console, data["certificate"])
    for name in data["certificate_files"]:
        console.print(f"Certificate: {name}", soft_wrap=True)


def _run(
    name: str, inventory: Inventory, console: Console, advice: str, *options: str
) -> dict[str, Any]:
    log = STATE / "log" / time.strftime(f"{name}-%Y%m%d-%H%M%S.log")
    with Steps(console) as steps:
        outcome = playbook.run([f"playbooks/{name}.yml"], inventory, log, steps.on_event, options)
        raise_failure(outcome, log, advice)
    return outcome.data


def show(console: Console, certificate: dict[str, Any]) -> None:
    """Print the figures of a certificate (apps/pg/poll/audit.py)."""
    choices = [[choice["text"], f"{choice['votes']:,}"] for choice in certificate["choices"]]
    table(console, certificate["title"], ["choice", "votes"], choices)
    figures = {
        "votes": "votes",
        "test votes": "test_votes",
        "changed votes": "changed_votes",
        "repeated votes": "repeated_votes",
        "rejected": "rejected",
        "received by all queues": "received",
    }
    # Version 1.0 did not tell repeated votes from changed ones.
    known = {name: key for name, key in figures.items() if key in certificate}
    rows = [[name, f"{certificate[key]:,}"] for name, key in known.items()]
    table(console, "How it adds up", ["", "ballots"], rows)
