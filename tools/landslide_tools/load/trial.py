"""A trial: votes are sent, and their outcome is compared with the ledger."""

import json
import time
from collections.abc import Collection
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from frontend.voter import VoterCookieSigner
from landslide_cli import STATE, engine, playbook
from landslide_cli.errors import Problem
from landslide_cli.inventory import Inventory
from landslide_cli.progress import Steps, Within
from landslide_cli.report import raise_failure

from landslide_tools.load_client.plan import LoadProfile, Target
from landslide_tools.load_client.record import Vote, read

from . import page
from .generator import Run, build
from .lab import Lab
from .order import SKEW_MILLISECONDS, Order
from .series import series, speed
from .verdict import Verdict, compare
from .voters import new_voter, write_voters

DRAIN_SECONDS = 120
LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Site:
    """Where to vote: a lab, its load balancers as the lab's network sees them, its cookies' key.

    Whether it takes votes by HTTPS only.
    """

    lab: Lab
    balancers: list[str]
    cookie_key: bytes
    https_only: bool

    @property
    def target(self) -> Target:
        """What the load client has to know of it."""
        return Target(self.balancers, VoterCookieSigner([], https_only=self.https_only).name)


@dataclass(frozen=True)
class Trial:
    """The result. The report and the record of every vote are in `directory`."""

    directory: Path
    verdict: Verdict
    figures: dict[str, Any]
    votes: list[Vote]
    interrupted: bool
    """Whether the user wanted no more votes."""


def find_lab(inventory: Inventory) -> tuple[Site, dict[str, Any]]:
    """Return the lab of an inventory, and all that playbooks/lab_inside.yml reports of it."""
    log = STATE / "log" / "load.log"
    log.unlink(missing_ok=True)
    outcome = playbook.run(["playbooks/lab_inside.yml"], inventory, log, lambda event: None)
    raise_failure(outcome, log, "")
    lab_data: dict[str, Any] = outcome.data["lab"]
    client = engine.answering()
    if client is None:
        raise Problem('The lab is down. "./landslide up" brings it up.')
    # A key a line: the first one signs.
    key = Path(lab_data["cookie_key"]).read_text(encoding="utf-8").split()[0].encode()
    lab = Lab(client, lab_data["name"], lab_data["store"])
    return Site(lab, lab_data["balancers"], key, lab_data["https_only"]), lab_data


def drain(lab: Lab, steps: Steps | Within) -> None:
    """Wait until no queue has a backlog; raises `Problem` if that takes too long."""
    began = time.monotonic()
    while True:
        waiting, age = lab.waiting()
        # What was reported before we began may be out of date.
        if waiting == 0 and age < time.monotonic() - began:
            return
        steps.note(f"backlog {waiting:,}")
        if time.monotonic() - began > DRAIN_SECONDS:
            raise Problem(
                f"The queues still have a backlog of {waiting:,} ballots, as of {age:.0f} s ago. "
                '"./landslide status" shows where.'
            )
        # Workers report the queues now and then, and nothing notifies of it.
        time.sleep(LOOK_SECONDS)


def run_trial(
    site: Site,
    profile: LoadProfile,
    directory: Path,
    steps: Steps | Within,
    meanwhile: AbstractContextManager[list[dict[str, Any]]] | None = None,
    repeat: str = "",
    skew: float = SKEW_MILLISECONDS,
    unsure: Collection[str] = (),
) -> Trial:
    """Run the load, drain the queues, compare, and write the report into `directory`.

    The context `meanwhile` is entered before the first vote and left after the last; the list of
    faults that it gives is in the report, and so is `repeat`, the command that does all this again.
    `skew` and `unsure`, addresses of load balancers, say how far times order votes (`Order`).
    Interrupted, the voting ends, and the votes sent so far are compared.
    """
    lab = site.lab
    if site.https_only:
        profile = replace(profile, https=1.0)
    began = time.strftime("%Y-%m-%d %H:%M:%S")
    choices = lab.choices()
    if not choices:
        raise Problem("The poll is closed.")
    steps.begin("Load client")
    image = build(lab)
    directory.mkdir(parents=True)
    voters = directory / "voters"
    write_voters(voters, (new_voter() for _ in range(profile.votes)), site.cookie_key)
    steps.begin("Queues are empty")
    drain(lab, steps)
    since, before, start = lab.next_transaction(), lab.cpu(), time.monotonic()
    steps.begin("Votes")
    run = Run(lab, image, site.target, directory, profile)
    with meanwhile or nullcontext([]) as faults:
        client = run.vote(choices, lambda number: steps.advance(number, profile.votes))
    voters.unlink()
    sent = read(directory / "record")
    if not sent:
        raise Problem("No vote was sent.")
    steps.begin("Queues drain")
    ended = time.monotonic()
    drain(lab, steps)
    drain_seconds = time.monotonic() - ended
    after, window = lab.cpu(), time.monotonic() - start
    steps.begin("Comparison with the ledger")
    ledger = lab.ballots(since)
    verdict = compare(sent, ledger, lab.counted(since), Order(skew, unsure))
    figures = {
        "began": began,
        **asdict(profile),
        "faults": faults,
        "repeat": repeat,
        "balancers": site.balancers,
        "skew": skew,
        "unsure": sorted(unsure),
        "drain_seconds": drain_seconds,
        "cpu": {part: spent - before.get(part, 0) for part, spent in after.items()},
        "cpu_window": window,
        "generator_cpu": client["cpu_seconds"],
        "disk_seconds": client["disk_seconds"],
        # Unless all votes were sent before.
        **speed(sent, 0 if run.interrupted or len(sent) >= profile.votes else profile.seconds),
        **verdict.as_dict(),
    }
    (directory / "figures.json").write_text(json.dumps(figures, indent=2))
    page.write(directory / "report.html", figures, verdict.clean, series(sent, ledger, window))
    return Trial(directory, verdict, figures, sent, run.interrupted)
