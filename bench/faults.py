#!/usr/bin/env python3
"""Writes docs/faults.md from runs of ./landslide chaos: what each fault does, and what it takes.

./landslide chaos --each; ./landslide chaos --rounds 50; ...
bench/faults.py .landslide/chaos/*/rounds.json > docs/faults.md
"""

import json
import re
import sys
import textwrap
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

Round = dict[str, Any]

# The classes of the troubleshooting page of the example that Landslide descends from, in its order;
# which faults belong to each; what happens then; what an operator has to do.
UPDATES = "roll"
# What happens to a machine: a tier's name follows.
MACHINE = "(engine of|loss of|loss from|reboot of|clock of|names on|disk of)"
CLASSES = (
    (
        "Manager",
        rf"swarm-api|registry|{MACHINE} manager",
        "Services and the load balancer go on with what they know. Nothing can be deployed, and no "
        "lost task is replaced, until a manager is back; with three managers, one may go.",
        "Nothing. A manager that is gone for good is replaced: see operations.md.",
    ),
    (
        "Discovery",
        r"cut.* manager",
        "Interlock reads the managers again and again, and HAProxy checks every frontend itself. "
        "Workers keep the queues that they know when a name cannot be looked up, or is out of "
        "date.",
        "Nothing.",
    ),
    (
        "Load balancer",
        rf"(haproxy|interlock) on|{MACHINE} interlock|cut.*interlock",
        "Without Interlock, HAProxy goes on with the servers it has. Without HAProxy nobody gets "
        "in by this machine: have two, and an address that moves or a DNS name with both. Browsers "
        "go to the other address, and what the first had in hand is pressed again. One whose clock "
        "is wrong leaves the voters to the other.",
        "Nothing; both start again by themselves.",
    ),
    (
        "Voting app",
        rf"frontend on|{MACHINE} frontend",
        "HAProxy takes the frontend out within a second or two and sends what it had in hand to "
        "another; a vote that is sent twice is one voter's, and counts once. A clock that is wrong "
        "changes nothing: the later choice of a voter counts. With a full disk it takes no votes; "
        "those that it has are counted when there is room.",
        "Nothing; where the disk is full, make room: see operations.md.",
    ),
    (
        "Redis",
        r"redis on",
        "Its frontend takes no votes, says so, and is taken out. What was acknowledged is on its "
        "disk, and is counted when it is back. With its memory full, nothing is evicted: votes are "
        "refused until there is room.",
        "Nothing; if the disk is lost, its votes are: see operations.md.",
    ),
    (
        "Worker",
        rf"worker on|{MACHINE} worker|cut.*frontend",
        "Votes wait in the queues, on disk. Another worker claims what a dead one had read.",
        "Nothing.",
    ),
    (
        "Postgres",
        rf"pg on|{MACHINE} store|cut.*store",
        "Votes wait in the queues, on disk, until it is back, or its disk has room.",
        "Nothing; where the disk is full, make room; if it is lost, restore it from a copy: an "
        "empty one is refused.",
    ),
    (
        "Pages for viewers and operators",
        r"(results-app|overview) on",
        "They reconnect by themselves. Voters see nothing.",
        "Nothing.",
    ),
    (
        "Updates",
        UPDATES,
        "One task after the other; a version that does not come up is rolled back.",
        "Fix the version, deploy again.",
    ),
)

# What is not chaos's: it takes longer than a round, a hand, or more votes than people cast in one.
ELSEWHERE = (
    (
        "a queue that is full of votes",
        "Its frontend refuses with 503 until workers have emptied some of it.",
        "apps/redis/tests/test_durability.py, apps/worker/tests/test_full_queue.py",
    ),
    (
        "workers that are frozen while they merge, and wake later",
        "Others go on; what both store counts once.",
        "apps/worker/tests/test_worker.py",
    ),
    (
        "the load balancer's certificate for reading the Swarm has expired",
        "Votes go on. Interlock says so in its log, and hears of no change of the frontends until "
        "the next run of `site.yml`, which makes a new one.",
        "molecule/cluster/expired.yml, grow.yml",
    ),
    (
        "an address of a queue changes hands while a worker reads it",
        "The worker notices on every connection, and takes the other queue for another.",
        "apps/worker/tests/test_identity.py",
    ),
    (
        "a worker is replaced by an empty machine of its name",
        "Votes wait in the queues until the next run of `site.yml`.",
        "molecule/cluster/grow.yml",
    ),
    (
        "a frontend, or the only manager, is replaced so",
        "A run of `site.yml`; but what the frontend's queue held is gone with its disk, and the "
        "poll gets no certificate. For the manager, the run says what it would take to found the "
        "Swarm anew.",
        "by hand on a lab; operations.md",
    ),
    (
        "all machines torn down, but for their volumes, and set up again",
        "The count goes on.",
        "molecule/cluster/reset.yml",
    ),
)

# Runs of earlier versions: faults alone, schedules with their seeds, votes acknowledged; remarks.
EARLIER = (
    (
        "21 November 2026",
        (110, "212 (2000-2119, 3000-3091)", "843,511"),
        "before clocks, disks, delays and stale names were among the faults",
    ),
    (
        "22 November 2026",
        (162, "128 (5000-5099, 5100-5127)", "830,845"),
        "without four rounds after which something was fixed, and that were run again: in two, a "
        "frontend that had lost its disk answered 9 and 18 votes with an error; two began while an "
        "update of the round before was on its way, and 210 and 423 votes failed",
    ),
    (
        "24 November 2026",
        (176, "120 (7000-7119)", "855,884"),
        "before a full memory was among the faults; without one round, seed 6069, a power loss of "
        "frontend02 and its disk in which two of 2,055 acknowledged votes were lost: chaos had "
        "made the kernel report as synced what was not, see "
        "[decisions](decisions/2026-11-22-clocks-and-disks-of-a-lab.md); the power losses of all "
        "six machines with their disks were tried again after that, that of frontend02 nine times",
    ),
    (
        "24 November 2026, 1.0.0",
        (169, "120 (9000-9119)", "1,140,902"),
        "one load balancer, and a load client that abandoned no votes",
    ),
)


def kind(name: str) -> str:
    """The name of a fault, for any machine of its tier."""
    return re.sub(r"\b(manager|interlock|frontend|worker|store)\d+", r"\1", name)


def belongs(name: str, pattern: str) -> bool:
    """Whether a fault is of the class with this pattern; an update is whatever is updated."""
    return bool(re.search(pattern, name)) and (pattern == UPDATES or not re.search(UPDATES, name))


def rows(rounds: Iterable[Round]) -> Iterator[str]:
    """A row for each kind of fault; of several rounds, the worst."""
    kinds: dict[str, list[Round]] = defaultdict(list)
    for one in rounds:
        kinds[kind(one["faults"][0]["name"])].append(one)
    for name, same in kinds.items():
        failed = sum(one["failed"] for one in same)
        gap = max(one["longest_gap"] for one in same)
        recovered = max(one["recovery_seconds"] for one in same)
        lasted = max(one["faults"][0]["to"] - one["faults"][0]["from"] for one in same)
        yield f"| {name} | {lasted:.0f} s | {failed:,} | {gap:.1f} s | {recovered:.1f} s |"


def document(alone: list[Round], drawn: list[Round]) -> Iterator[str]:
    """The page, a paragraph or a row of a table at a time."""
    rounds = alone + drawn
    total = {
        name: f"{sum(one[name] for one in rounds):,}"
        for name in ("acknowledged", "lost", "doubled", "ghosts", "stale", "ambiguous")
    }
    spared = [one for one in rounds if one["spared"]]
    balancers = len(rounds[0]["balancers"])
    yield f"""# Faults

Written by `bench/faults.py` from runs of `./landslide chaos` on a lab with load balancers:
{balancers}, frontends: 2, and each machine with a disk of its own.

{len(alone)} faults one at a time, and {len(drawn)} schedules of up to three drawn from seeds, while
{rounds[0]["clients"]} clients voted without a break and kept a record of every answer.
{total["acknowledged"]} votes were acknowledged. **Lost {total["lost"]}, doubled {total["doubled"]},
ghosts {total["ghosts"]}, stale {total["stale"]}.** Ambiguous: {total["ambiguous"]} voters, two of
whose votes overlap, so their order is unknown. After each round the faults
were removed, and the lab had to recover by itself; then every vote was looked up in the ledger.

In {len(spared)} rounds a frontend and a load balancer had no fault. Votes that failed there:
{sum(one["failed"] for one in spared):,}, in {sum(one["failed"] > 0 for one in spared)} rounds.

`failed` votes were refused or had no answer, and what a load balancer with a fault had in hand was
not acknowledged when its voter pressed again, either. The `gap` is the
longest time without an acknowledgement, up to the end of the voting. `time to recover` is the time
from the end of the fault until every frontend took votes and every queue was read. Each is the
worst of the machines of a tier.
"""
    left = list(alone)
    for name, pattern, what, operator in CLASSES:
        mine = [one for one in left if belongs(one["faults"][0]["name"], pattern)]
        left = [one for one in left if one not in mine]
        if mine:
            yield f"## {name}\n\n{what}\n\nWhat an operator does: {operator}\n"
            yield "| fault | lasted | failed | gap | time to recover |"
            yield "|---|---:|---:|---:|---:|"
            yield from rows(mine)
            yield ""
    if left:
        raise ValueError(f"of no class: {left[0]['faults'][0]['name']}")
    yield """## What is tested elsewhere

Whether chaos would notice bugs is in [figures](figures.md#planted-bugs).
"""
    yield "| fault | what happens | tested in |"
    yield "|---|---|---|"
    for fault, what, where in ELSEWHERE:
        yield f"| {fault} | {what} | {where} |"
    yield ""
    yield """## Seeds

These repeat them, as long as the faults to draw from stay the same:
"""
    yield "\n".join(commands(drawn))
    yield ""
    yield "Runs of earlier versions, in which lost, doubled, ghosts and stale were 0, too:"
    yield ""
    yield "| run | faults alone | schedules (seeds) | votes acknowledged | remarks |"
    yield "|---|---:|---|---:|---|"
    for day, figures, note in EARLIER:
        yield f"| {day} | {' | '.join(map(str, figures))} | {note} |"


def commands(drawn: Iterable[Round]) -> Iterator[str]:
    """What draws these schedules again, a line for each run of seeds."""
    for (most, seconds), same in groupby(drawn, itemgetter("most", "voting_seconds")):
        seeds = [one["seed"] for one in same]
        options = f"--seed {min(seeds)} --most {most} --seconds {seconds}"
        yield f"    ./landslide chaos --rounds {len(seeds)} {options}"


def main() -> None:
    alone: list[Round] = []
    drawn: list[Round] = []
    for path in map(Path, sys.argv[1:]):
        for one in json.loads(path.read_text()):
            (alone if one["alone"] else drawn).append(one)
    for text in document(alone, drawn):
        parts = [text] if text.startswith(("|", "    ")) else text.split("\n\n")
        print("\n\n".join(part if len(parts) == 1 else textwrap.fill(part, 110) for part in parts))
        if text.endswith("\n"):
            print()


if __name__ == "__main__":
    main()
