#!/usr/bin/env python3
"""Writes docs/capacity.md from the figures of bench/pipeline.py: how many machines a poll takes.

bench/capacity.py > docs/capacity.md
"""

import json
from collections.abc import Iterator
from math import ceil
from pathlib import Path
from typing import Any

FIGURES = Path(__file__).with_name("pipeline.json")
MIB, GIB = 2**20, 2**30

# The tiers, and the services that run on their machines.
TIERS = {
    "interlock": ("haproxy", "interlock"),
    "frontend": ("frontend", "redis"),
    "worker": ("worker",),
    "store": ("pg", "results-app", "overview"),
}
CORES = 8
BUSY = 0.7
QUEUE_MEMORY = 512 * MIB  # frontend_queue_memory in roles/frontend/defaults
# Of the design: durable XADDs of one Redis, and merges by one connection, a second on 2 cores.
XADDS, MERGES = 62_000, 115_000
DEMANDS = (
    ("49,800 votes a second", "the record peak of a televised poll", 49_800, 60),
    ("100 million votes in 10 minutes", "", 100_000_000 / 600, 600),
)


class Costs:
    """Microseconds of CPU time, without what goes on at rest."""

    def __init__(self, figures: dict[str, Any]) -> None:
        run, pages = figures["load"], figures["pages"]
        rest = figures["rest"]
        self.vote: dict[str, float] = {
            part: (spent - rest.get(part, 0) * run["cpu_window"]) / run["acknowledged"] * 1e6
            for part, spent in run["cpu"].items()
        }
        # A page costs nothing behind the frontend.
        self.page: dict[str, float] = {
            part: (pages["cpu"][part] - rest.get(part, 0) * pages["seconds"])
            / pages["requests"]
            * 1e6
            for part in ("haproxy", "frontend")
        }
        self.hello: float = figures["hello"]["cpu"] / figures["hello"]["requests"] * 1e6

    def tier(self, name: str) -> float:
        """Of a vote and of the page before it, on the machines of a tier."""
        return sum(self.vote.get(part, 0) + self.page.get(part, 0) for part in TIERS[name])


def measured(figures: dict[str, Any], costs: Costs) -> Iterator[str]:
    run, machine = figures["load"], figures["machine"]
    yield f"""\
## What was measured

`bench/pipeline.py`, on {run["began"].split()[0]}: the lab of six machines, all on one with
{machine["cores"]} cores ({machine["model"]}) and {machine["memory_gb"]} GB, the load client too;
{figures["elsewhere"]:.0%} of the machine's CPU time went elsewhere meanwhile.
{run["acknowledged"]:,} votes were acknowledged, {run["rate"]:,.0f} a second; half of the receipts
came within {run["latency"]["50"]:.0f} ms, 99 % within {run["latency"]["99"]:.0f} ms. Lost
{run["lost"]}, doubled {run["doubled"]}, ghosts {run["ghosts"]}.

| part | µs of CPU time a counted vote | x a bare Flask hello |
|---|---:|---:|"""
    parts = sorted(costs.vote.items(), key=lambda item: -item[1])
    for part, cost in [*parts, ("all", sum(costs.vote.values()))]:
        yield f"| {part} | {cost:.1f} | {cost / costs.hello:.2f} |"
    page = costs.page
    yield f"""
A bare Flask hello took {costs.hello:.1f} µs in the same run; a page, which a browser fetches before
it votes, {page["frontend"]:.1f} µs of the frontend and {page["haproxy"]:.1f} µs of HAProxy. `nodes`
is what the machines' engines and systems used. The load client's own
{run["generator_cpu"] / run["acknowledged"] * 1e6:.1f} µs are in none of these.

An entry takes {figures["bytes"]["memory"]:.0f} bytes of a queue's memory and
{figures["bytes"]["log"]:.0f} of its log; a ballot {figures["bytes"]["ledger"]:.0f} bytes of the
ledger with its index and {figures["bytes"]["wal"]:.0f} of Postgres's log, a voter
{figures["bytes"]["votes"]:.0f} bytes of `votes`.

## Assumptions

- Each vote is one ballot and one page before it. CPU time a vote is the same at any rate. For
  worker and store that is more than it will be: the more votes come, the more are in a batch, and
  a batch had {figures["batch"]:.0f} ballots here.
- Machines have {CORES} cores like the one measured, and are planned to be {BUSY:.0%} busy.
- One queue makes {XADDS:,} durable writes a second, one merging connection {MERGES:,} ballots a
  second: measured apart, on 2 cores, when the system was designed.
- A queue may hold {QUEUE_MEMORY // MIB} MiB (`frontend_queue_memory`).
- Disks and networks are left out where no figure of ours tells of them: what they must carry is
  said below.
"""


def demand(name: str, what: str, rate: float, costs: Costs) -> Iterator[str]:
    yield f"## {name}\n"
    yield f"{rate:,.0f} votes a second{f', {what}' if what else ''}.\n"
    yield "| tier | µs a vote | cores busy | machines |"
    yield "|---|---:|---:|---:|"
    total = 0
    for tier in TIERS:
        cores = rate * costs.tier(tier) / 1e6
        # Of the store there is one: where it is too small, it has to be a larger one.
        machines = ceil(cores / (CORES * BUSY)) if tier != "store" else 1
        size = max(CORES, ceil(cores / BUSY)) if tier == "store" else CORES
        total += machines
        yield f"| {tier} | {costs.tier(tier):.1f} | {cores:.1f} | {machines} of {size} cores |"
    yield f"""\
| manager | | | 3 |

{total + 3} machines: cores busy = votes a second x µs a vote / 1,000,000; machines = cores busy /
({CORES} x {BUSY}), rounded up; of the store there is one, with {CORES} cores or
cores busy / {BUSY}.
"""


def limits(figures: dict[str, Any], costs: Costs, rate: float, seconds: float) -> Iterator[str]:
    size = figures["bytes"]
    frontends = ceil(rate * costs.tier("frontend") / 1e6 / (CORES * BUSY))
    each = rate / frontends
    store = rate * costs.tier("store") / 1e6
    yield f"""\
- **Store, cores**: {store:.1f} are busy, on the one machine that this tier has."""
    if rate > MERGES:
        late = (rate - MERGES) * seconds
        held = QUEUE_MEMORY / size["memory"] * frontends
        yield f"""\
- **Store, one connection**: {rate:,.0f} a second come and {MERGES:,} are merged: after
  {seconds / 60:.0f} minutes {late:,.0f} ballots wait, and are counted {
            late / MERGES:.0f} s after the
  last vote. They take {late * size["memory"] / GIB:.1f} GiB of the queues' memory;
  {frontends} queues hold {held:,.0f}, so {
            "nobody is refused"
            if held > late
            else f"after {held / (rate - MERGES):.0f} s voters are told to try again"
        }. Several workers merge side
  by side; how much faster that is, the drain benchmark tells."""
    else:
        yield f"""\
- **Store, one connection**: {rate / MERGES:.0%} of what one merges."""
    full = QUEUE_MEMORY / size["memory"] / each
    yield f"""\
- **Queue, memory**: with the store away, a queue is full after {full:.0f} s, at {each:,.0f} votes a
  second on each of {frontends} frontends. From then on voters are told to try again; none is lost.
- **Queue, durable writes**: {each / XADDS:.0%} of what one makes.
- **Queue, disk**: {each * size["log"] / MIB:.1f} MiB a second on each frontend.
- **Store, disk**: {rate * size["wal"] / MIB:.0f} MiB a second of log,
  {rate * (size["ledger"] + size["votes"]) / MIB:.0f} MiB a second of tables;
  {rate * seconds * (size["ledger"] + size["votes"]) / GIB:.0f} GiB of tables after
  {seconds / 60:.0f} minute{"s" if seconds > 60 else ""}, where nobody votes twice."""


def document(figures: dict[str, Any]) -> Iterator[str]:
    """The lines of docs/capacity.md."""
    costs = Costs(figures)
    yield "# Capacity\n"
    yield "Written by `bench/capacity.py` from the figures in `bench/pipeline.json`.\n"
    yield from measured(figures, costs)
    for name, what, rate, _ in DEMANDS:
        yield from demand(name, what, rate, costs)
    yield "## What breaks first\n"
    for name, _, rate, seconds in DEMANDS:
        yield f"At {name}:\n"
        yield from limits(figures, costs, rate, seconds)
        yield ""
    slowest = max((tier for tier in TIERS if tier != "store"), key=costs.tier)
    yield f"""\
The {slowest} tier needs the most machines, and more of them are all that it takes. The store cannot
be multiplied: it is what breaks first in the end, and it breaks by being late."""


if __name__ == "__main__":
    print("\n".join(document(json.loads(FIGURES.read_text()))))
