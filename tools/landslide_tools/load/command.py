"""./landslide load"""

import time

import click
from landslide_cli import STATE
from landslide_cli.errors import Problem
from landslide_cli.inventory import Inventory, inventory_options
from landslide_cli.progress import Steps
from rich.console import Console

from landslide_tools.load_client.plan import LoadProfile

from . import page
from .options import profile_options
from .trial import find_lab, run_trial


@click.command(context_settings={"show_default": True})
@inventory_options
@click.option("--votes", type=click.IntRange(1, 1_000_000), default=50_000, help="Number of votes.")
@click.option("--seconds", type=click.IntRange(1, 600), default=60, help="Maximum duration.")
@click.option(
    "--clients",
    type=click.IntRange(1, 256),
    default=64,
    help="Number of clients that vote at a time.",
)
@click.option(
    "--rate",
    type=click.FloatRange(0, 10_000),
    default=0,
    help="Open loop: votes that arrive per second, instead of clients that wait.",
)
@profile_options(changed=0.1, abandon=0.0, in_flight=0.0, fresh=0.0, https=0.0)
def load(
    inventory: Inventory,
    votes: int,
    seconds: int,
    clients: int,
    rate: float,
    skew: float,
    **shares: float,
) -> None:
    """Send votes to a lab; check that each is counted exactly once.

    The votes are real ones and stay in the count. Nobody else may vote at the same time: their
    votes would be reported as ghosts. Ctrl-C ends the voting; the votes sent so far are checked.
    """
    if not inventory.is_lab:
        raise Problem("Load is for a lab only: its votes stay in the count.")
    console = Console(highlight=False)
    directory = STATE / "load" / time.strftime("%Y%m%d-%H%M%S")
    with Steps(console) as steps:
        steps.begin("Lab")
        site, _ = find_lab(inventory)
        profile = LoadProfile(votes, seconds, clients, **shares, arrival_rate=rate)
        trial = run_trial(site, profile, directory, steps, skew=skew)
    for name, meaning in page.MEANINGS.items():
        console.print(
            f"  {trial.figures[name]:>9,}  {name.replace('_', ' '):<13} {meaning}", soft_wrap=True
        )
    console.print(f"Report: {directory / 'report.html'}", soft_wrap=True)
    if not trial.verdict.clean:
        raise Problem("Not every vote was counted exactly once.")
    if not trial.verdict.acknowledged:
        raise Problem("No vote was acknowledged.")
