#!/usr/bin/env python3
"""Brings the figures in docs/faults.md up to date with runs of ./landslide chaos.

    ./landslide chaos --each; ./landslide chaos --rounds 50; ...
    bench/faults.py .landslide/chaos/*/rounds.json

Its text is written by hand: below each heading, the first table or listing is replaced.
"""

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

Round = dict[str, Any]

PAGE = Path(__file__).resolve().parents[1] / "docs" / "faults.md"
# What happens to a machine: a tier's name follows.
MACHINE = "(engine of|loss of|loss from|reboot of|clock of|names on|disk of)"
# The headings, each with the faults that belong there and to none before it.
CLASSES = {
    "Manager": rf"(swarm-api|registry) on|{MACHINE} manager",
    "Discovery": r"cut.* manager",
    "Load balancer": rf"(haproxy|interlock) on|{MACHINE} interlock|cut.*interlock",
    "Voting app": rf"frontend on|{MACHINE} frontend",
    "Redis": r"redis on",
    "Worker": rf"worker on|{MACHINE} worker|cut.*frontend",
    "Postgres": rf"pg on|{MACHINE} store|cut.*store",
    "Pages for viewers and operators": r"(results-app|overview) on",
    "Updates": r"rolling update|rolled out",
}


def kind(name: str) -> str:
    """The name of a fault, for any machine of its tier."""
    return re.sub(r"\b(manager|interlock|frontend|worker|store)\d+", r"\1", name)


def rows(rounds: Iterable[Round]) -> Iterator[str]:
    """A table with a row for each kind of fault; of several rounds, the worst."""
    yield "| fault | lasted | failed | gap | time to recover |"
    yield "|---|---:|---:|---:|---:|"
    kinds: dict[str, list[Round]] = defaultdict(list)
    for one in rounds:
        kinds[kind(one["faults"][0]["name"])].append(one)
    for name, same in kinds.items():
        failed = sum(one["failed"] for one in same)
        gap = max(one["longest_gap"] for one in same)
        recovered = max(one["recovery_seconds"] for one in same)
        lasted = max(one["faults"][0]["to"] - one["faults"][0]["from"] for one in same)
        yield f"| {name} | {lasted:.0f} s | {failed:,} | {gap:.1f} s | {recovered:.1f} s |"


def totals(alone: list[Round], drawn: list[Round]) -> Iterator[str]:
    """A table of what all rounds came to."""
    rounds = alone + drawn
    spared = [one for one in rounds if one["spared"]]
    balancers, clients = len(rounds[0]["balancers"]), rounds[0]["clients"]
    yield "| | |"
    yield "|---|---:|"
    yield f"| load balancers, clients that vote | {balancers}, {clients} |"
    yield f"| rounds with one fault, with up to three | {len(alone)}, {len(drawn)} |"
    for name in ("acknowledged", "lost", "doubled", "ghosts", "stale", "ambiguous"):
        yield f"| {name} | {sum(one[name] for one in rounds):,} |"
    yield f"| rounds in which a frontend and a load balancer had no fault | {len(spared)} |"
    yield f"| votes that failed in those | {sum(one['failed'] for one in spared):,} |"


def commands(drawn: Iterable[Round]) -> Iterator[str]:
    """What draws these schedules again, a line for each run of seeds."""
    for (most, seconds), same in groupby(drawn, itemgetter("most", "voting_seconds")):
        seeds = [one["seed"] for one in same]
        options = f"--seed {min(seeds)} --most {most} --seconds {seconds}"
        yield f"    ./landslide chaos --rounds {len(seeds)} {options}"


def replaced(page: str, heading: str, lines: Iterable[str]) -> str:
    """The page with these lines below a heading; ValueError where there is nothing to replace."""
    below = rf"(?ms)(^#+ {heading}\n(?:(?!^#).)*?\n\n)((?:\||    )[^\n]*\n)+"
    block = "".join(f"{line}\n" for line in lines)
    new, found = re.subn(below, lambda match: match[1] + block, page)
    if found != 1:
        raise ValueError(f"{PAGE} has no table below {heading}")
    return new


def updated(page: str, alone: list[Round], drawn: list[Round]) -> str:
    """The page with the figures of these rounds."""
    page = replaced(page, "Faults", totals(alone, drawn))
    for heading, pattern in CLASSES.items():
        mine = [one for one in alone if re.search(pattern, one["faults"][0]["name"])]
        alone = [one for one in alone if one not in mine]
        page = replaced(page, heading, rows(mine))
    if alone:
        raise ValueError(f"of no class: {alone[0]['faults'][0]['name']}")
    return replaced(page, "Seeds", commands(drawn))


def main() -> None:
    rounds = [one for name in sys.argv[1:] for one in json.loads(Path(name).read_text())]
    alone, drawn = ([one for one in rounds if one["alone"] is each] for each in (True, False))
    PAGE.write_text(updated(PAGE.read_text(), alone, drawn))


if __name__ == "__main__":
    main()
