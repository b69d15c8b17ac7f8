"""./landslide load"""

import json
import time
from pathlib import Path

import click
from rich.console import Console

from landslide_cli import STATE, engine, playbook
from landslide_cli.errors import Problem
from landslide_cli.inventory import Inventory, inventory_options
from landslide_cli.progress import Steps
from landslide_cli.report import raise_failure

from . import generator, page
from .lab import Lab
from .records import new_voter, read, write_voters
from .series import series, speed
from .verdict import compare

DRAIN_SECONDS = 120
LOOK_SECONDS = 0.5


def find_lab(inventory: Inventory) -> tuple[Lab, str, Path]:
    """Return the lab, the address of its load balancer, and the file with the cookies' key."""
    log = STATE / "log" / "load.log"
    log.unlink(missing_ok=True)
    outcome = playbook.run(["playbooks/lab_inside.yml"], inventory, log, lambda event: None)
    raise_failure(outcome, log, "")
    told = outcome.data["lab"]
    client = engine.answering()
    if client is None:
        raise Problem('The lab is down. "./landslide up" brings it up.')
    return Lab(client, told["name"], told["store"]), told["address"], Path(told["cookie_key"])


def drain(lab: Lab, steps: Steps) -> None:
    """Wait until no ballot waits in a queue; raises `Problem` if that takes too long."""
    began = time.monotonic()
    while True:
        waiting, age = lab.waiting()
        # What was told before we began may be out of date.
        if waiting == 0 and age < time.monotonic() - began:
            return
        steps.note(f"{waiting:,} ballots wait")
        if time.monotonic() - began > DRAIN_SECONDS:
            raise Problem(
                f"{waiting:,} ballots still wait in the queues, as of {age:.0f} s ago. "
                '"./landslide status" shows where.'
            )
        time.sleep(LOOK_SECONDS)


@click.command()
@inventory_options
@click.option(
    "--votes",
    type=click.IntRange(1, 1_000_000),
    default=50_000,
    show_default=True,
    help="How many votes to send.",
)
@click.option(
    "--seconds",
    type=click.IntRange(1, 600),
    default=60,
    show_default=True,
    help="For how long at most.",
)
@click.option(
    "--clients",
    type=click.IntRange(1, 256),
    default=64,
    show_default=True,
    help="How many vote at a time.",
)
@click.option(
    "--changed",
    type=click.FloatRange(0, 1),
    default=0.1,
    show_default=True,
    help="Share of the votes by voters who have voted before.",
)
def load(inventory: Inventory, votes: int, seconds: int, clients: int, changed: float) -> None:
    """Sends many votes into a lab, and tells whether each was counted exactly once.

    The votes are real ones. Nobody else may vote meanwhile: theirs would be taken for ghosts.
    Ctrl-C ends the voting; what was sent until then is compared all the same.
    """
    if not inventory.is_lab:
        raise Problem("A load is for a lab: its votes are counted like any others, and stay.")
    console = Console(highlight=False)
    directory = STATE / "load" / time.strftime("%Y%m%d-%H%M%S")
    began = time.strftime("%Y-%m-%d %H:%M:%S")
    with Steps(console) as steps:
        steps.begin("Lab")
        lab, address, cookie_key = find_lab(inventory)
        choices = lab.choices()
        if not choices:
            raise Problem("The poll is closed.")
        steps.begin("Load client")
        image = generator.build(lab)
        directory.mkdir(parents=True)
        voters = directory / "voters"
        key = cookie_key.read_text(encoding="utf-8").strip().encode()
        write_voters(voters, (new_voter() for _ in range(votes)), key)
        steps.begin("Queues are empty")
        drain(lab, steps)
        since, before, start = lab.clock(), lab.cpu(), time.monotonic()
        steps.begin("Votes")
        run = generator.Run(lab, image, address, directory, clients)
        generator_cpu = run.vote(
            votes, seconds, changed, choices, lambda number: steps.advance(number, votes)
        )
        voters.unlink()
        sent = read(directory)
        if not sent:
            raise Problem("No vote was sent.")
        steps.begin("Queues drain")
        ended = time.monotonic()
        drain(lab, steps)
        drain_seconds = time.monotonic() - ended
        after, window = lab.cpu(), time.monotonic() - start
        steps.begin("Comparison with the ledger")
        ledger = lab.ballots(since)
        verdict = compare(sent, ledger, lab.counted(since))
        figures = {
            "began": began,
            "clients": clients,
            "changed": changed,
            "drain_seconds": drain_seconds,
            "cpu": {part: spent - before.get(part, 0) for part, spent in after.items()},
            "cpu_window": window,
            "generator_cpu": generator_cpu,
            **speed(sent),
            **verdict.as_dict(),
        }
        (directory / "figures.json").write_text(json.dumps(figures, indent=2))
        page.write(directory / "report.html", figures, verdict.clean, series(sent, ledger))
    for name, meaning in page.MEANINGS.items():
        console.print(
            f"  {figures[name]:>9,}  {name.replace('_', ' '):<13} {meaning}", soft_wrap=True
        )
    console.print(f"Report: {directory / 'report.html'}", soft_wrap=True)
    if not verdict.clean:
        raise Problem("Not every vote was counted exactly once.")
    if not verdict.acknowledged:
        raise Problem("No vote was acknowledged: there was nothing to count.")
