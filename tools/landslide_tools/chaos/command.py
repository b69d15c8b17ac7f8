"""./landslide chaos"""

import json
import shlex
import time
from pathlib import Path
from random import SystemRandom
from typing import Any

import click
from landslide_cli import STATE
from landslide_cli.errors import Problem
from landslide_cli.inventory import Inventory, inventory_options
from landslide_cli.progress import Steps, Within
from rich.console import Console

from landslide_tools.load.options import profile_options
from landslide_tools.load.trial import Site, find_lab, run_trial
from landslide_tools.load_client.plan import LoadProfile

from . import page
from .faults import TIERS, Node, catalogue, spared, touched
from .injector import Chaos, Statistics, heal
from .noticed import failures, held_up
from .schedule import Planned, draw

# So few votes that machines have resources left to recover with.
CLIENTS, PAUSE = 8, 20
# The load profile: people on a bad day.
USUAL = {"changed": 0.3, "abandon": 0.1, "in_flight": 0.1, "fresh": 0.5, "https": 0.5}
SEEDS = 1_000_000


def play(
    site: Site,
    nodes: list[Node],
    statistics: Statistics,
    plan: list[Planned],
    profile: LoadProfile,
    skew: float,
    directory: Path,
    steps: Within,
    repeat: str,
) -> dict[str, Any]:
    """Run the load while the planned faults happen; return the result.

    `repeat` is the command that does the same again.
    """
    chaos = Chaos(site, nodes, statistics, plan)
    faults = [planned.fault for planned in plan]
    balancers = touched(faults, nodes)
    trial = run_trial(site, profile, directory, steps, chaos, repeat, skew, balancers)
    failed = failures(trial.votes, balancers)
    # Interrupted votes have no answer either.
    left_alone = not trial.interrupted and not held_up(trial.figures)
    unnoticed = left_alone and spared(faults, nodes)
    # During another fault, a fault may have nothing left to break.
    missed = len(plan) == 1 and any(fault["problem"] for fault in trial.figures["faults"])
    return {
        **trial.figures,
        "failed": failed,
        "spared": unnoticed,
        "recovery_seconds": chaos.recovery_seconds,
        "missed": missed,
        "good": trial.verdict.clean and not (unnoticed and failed) and not missed,
        "interrupted": trial.interrupted,
        "report": f"{directory.name}/report.html",
    }


def repetition(
    inventory: Inventory,
    only: str,
    shares: dict[str, float],
    *,
    seed: int,
    alone: bool,
    most: int,
    voting_seconds: int,
) -> str:
    """Return the command that draws the same schedule again, with the same load profile.

    With `alone` it may run further faults: those whose names contain this one's.
    """
    how = ["--each" if alone else "--rounds=1", *([f"--only={only}"] if only else [])]
    drawn = [f"--seed={seed}", f"--most={most}", f"--seconds={voting_seconds}"]
    voters = [
        f"--{name.replace('_', '-')}={share:g}"
        for name, share in shares.items()
        if share != USUAL[name]
    ]
    return shlex.join(["./landslide", "chaos", *inventory.arguments, *how, *drawn, *voters])


@click.command(context_settings={"show_default": True})
@inventory_options
@click.option(
    "--rounds",
    type=click.IntRange(1, 1000),
    default=10,
    help="Number of rounds, each with a schedule of faults.",
)
@click.option(
    "--seconds",
    type=click.IntRange(10, 300),
    default=20,
    help="Duration of the voting in each round.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=None,
    help="Seed of the first round; each further round adds one. Default: random.",
)
@click.option(
    "--most", type=click.IntRange(1, 10), default=3, help="Maximum number of faults in a round."
)
@click.option(
    "--only",
    default="",
    show_default=False,
    metavar="TEXT",
    help="Only faults whose names contain this.",
)
@click.option("--each", is_flag=True, help="Run each fault once, alone, instead of schedules.")
@click.option(
    "--list", "listing", is_flag=True, help="List the faults and exit; the lab need not be up."
)
@profile_options(**USUAL)
def chaos(
    inventory: Inventory,
    rounds: int,
    seconds: int,
    seed: int | None,
    most: int,
    only: str,
    each: bool,
    listing: bool,
    skew: float,
    **shares: float,
) -> None:
    """Inject faults into a lab during a vote; account for every vote.

    The seed decides which faults are injected, and when. Every fault ends with its round. A new run
    first removes the faults that an interrupted run has left behind.
    """
    if not inventory.is_lab:
        raise Problem("Faults are for a lab only, never for machines that people rely on.")
    console = Console(highlight=False)
    if listing:
        hosts = [(tier, host) for tier in TIERS for host in inventory.groups.get(tier, [])]
        known = catalogue(Node(host, tier, address="", disk=True) for tier, host in hosts)
        console.print("\n".join(fault.name for fault in known if only in fault.name))
        return
    site, details = find_lab(inventory)
    nodes = [Node(**node, disk=site.lab.has_disk(node["name"])) for node in details["nodes"]]
    faults = [fault for fault in catalogue(nodes) if only in fault.name]
    if not faults:
        raise Problem(f'No fault has "{only}" in its name: --list shows the names.')
    password = Path(details["stats_password"]).read_text(encoding="utf-8").strip()
    statistics = Statistics(site.lab, nodes, password)
    votes = seconds * CLIENTS * 1000 // PAUSE
    profile = LoadProfile(votes, seconds, CLIENTS, pause=PAUSE, **shares)
    directory = STATE / "chaos" / time.strftime("%Y%m%d-%H%M%S")
    first = SystemRandom().randrange(SEEDS) if seed is None else seed
    seeds = range(first, first + (len(faults) if each else rounds))
    found: list[dict[str, Any]] = []
    try:
        with Steps(console) as steps:
            steps.begin("No fault is left of an earlier run")
            heal(site.lab, nodes)
            for number, one in enumerate(seeds):
                plan = draw(one, [faults[number]] if each else faults, most, seconds)
                name = ", ".join(planned.fault.name for planned in plan)
                steps.begin(f"{number + 1} of {len(seeds)}, seed {one}: {name}")
                place = directory / f"seed-{one}"
                drawn: dict[str, Any]
                drawn = {"seed": one, "alone": each, "most": most, "voting_seconds": seconds}
                repeat = repetition(inventory, name if each else only, shares, **drawn)
                within = Within(steps)
                result = play(site, nodes, statistics, plan, profile, skew, place, within, repeat)
                found.append({**drawn, **result})
                (directory / "rounds.json").write_text(json.dumps(found, indent=2))
                page.write(directory / "report.html", found)
                steps.end(good=result["good"])
                console.print(f"{'':13}{page.summary(found[-1])}", soft_wrap=True)
                if result["interrupted"]:
                    break
    finally:
        if found:
            console.print(f"Report: {directory / 'report.html'}", soft_wrap=True)
    bad = [str(result["seed"]) for result in found if not result["good"]]
    if bad:
        raise Problem(f"Rounds with these seeds failed: {', '.join(bad)}.")
