"""./landslide open and ./landslide close"""

from typing import Any

import click
from rich.console import Console

from .confirm import confirm, yes_option
from .inventory import Inventory, inventory_options
from .report import run_steps
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
    console.print(run_steps("open", inventory, LOOK).data["opened"])


@click.command()
@inventory_options
@yes_option
def close(inventory: Inventory, yes: bool) -> None:
    """Close the poll for good and certify the count.

    Every acknowledged vote is counted first. Run again, it verifies the certificate.
    """
    confirm("This closes the poll for good: nobody can vote any more.", yes)
    console = Console(highlight=False)
    data = run_steps("close", inventory, AGAIN, "close_confirm=yes").data
    console.print(data["closed"])
    console.print()
    show(console, data["certificate"])
    for name in data["certificate_files"]:
        console.print(f"Certificate: {name}", soft_wrap=True)


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
