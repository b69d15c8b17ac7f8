"""./landslide status"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from . import STATE, playbook
from .errors import Problem
from .inventory import Inventory, inventory_options
from .report import raise_failure
from .times import sentence

Record = dict[str, Any]
HINT = '"./landslide up" starts what is missing.'


def table(console: Console, title: str, columns: Iterable[str], rows: list[list[str]]) -> None:
    """Print `rows` under `title`, or nothing if there are none."""
    if rows:
        console.print(title, style="bold")
        drawn = Table(*columns, box=None, pad_edge=False)
        for row in rows:
            drawn.add_row(*row)
        console.print(drawn, "")


def node_row(node: Record) -> list[str]:
    """Return a row of what `docker node ls` reports of a node."""
    return [node["Hostname"], node["Status"], node["Availability"], node["ManagerStatus"].lower()]


def queue_row(queue: Record) -> list[str]:
    """Return a row of what the store knows of a queue; its `age` is in seconds."""
    intake = "retired" if queue["retired"] else "open" if queue["open"] else "closed"
    counts = [f"{queue['waiting']:,}", f"{queue['added']:,}"]
    # The node's name is known from its ballots.
    return [queue["node"] or "(no vote yet)", intake, *counts, f"{queue['age']:.0f} s ago"]


def show(console: Console, reports: dict[str, Record]) -> None:
    """Print what the hosts have reported (playbooks/status.yml)."""
    manager = next((record for record in reports.values() if record["nodes"]), None)
    if manager:
        columns = ["node", "status", "availability", "manager"]
        table(console, "Nodes", columns, [node_row(node) for node in manager["nodes"]])
        services = [[service["Name"], service["Replicas"]] for service in manager["services"]]
        table(console, "Services", ["service", "running"], services)
    entrances = [
        [host, container["Names"], container["Status"]]
        for host, record in reports.items()
        for container in record["containers"]
    ]
    table(console, "Load balancers", ["host", "container", "status"], entrances)
    poll = next((record["poll"] for record in reports.values() if record["poll"]), None)
    if poll:
        queues = [queue_row(queue) for queue in poll["queues"] or []]
        columns = ["node", "intake", "backlog", "received", "as of"]
        table(console, "Queues", columns, queues)
        choices = [[choice["text"], f"{choice['votes']:,}"] for choice in poll["choices"] or []]
        table(console, "Count", ["choice", "votes"], choices)
        console.print(sentence(poll, datetime.now().astimezone()), soft_wrap=True)


@click.command()
@inventory_options
def status(inventory: Inventory) -> None:
    """Show nodes, services, queues, the count and the poll's schedule."""
    log = STATE / "log" / "status.log"
    log.unlink(missing_ok=True)
    outcome = playbook.run(["playbooks/status.yml"], inventory, log, lambda event: None)
    silent = sorted(outcome.unreachable)
    managers = inventory.groups.get("manager", [])
    if set(managers) <= set(silent):
        what = "The lab is down" if inventory.is_lab else "No manager can be reached"
        raise Problem(f"{what}; not reachable: {', '.join(silent)}. {HINT}")
    raise_failure(outcome, log, HINT)
    console = Console(highlight=False)
    show(console, outcome.data["status"])
    if silent:
        raise Problem(f"Not reachable: {', '.join(silent)}. {HINT}")
