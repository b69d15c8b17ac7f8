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
DEMANDS = (
    ("49,800 votes a second", "the record peak of a televised poll", 49_800, 60),
    ("100 million votes in 10 minutes", "", 100_000_000 / 600, 600),
)


class Costs:
    """Microseconds of CPU time, without what goes on at rest."""

    def __init__(self, figures: dict[str, Any]) -> None:
        pages, rest = figures["pages"], figures["rest"]
        self.vote = _votes(figures["load"], rest)
        # Each on a new HTTPS connection.
        self.stranger = _votes(figures["strangers"], rest)
        # A page costs nothing behind the frontend.
        self.page: dict[str, float] = {
            part: (pages["cpu"][part] - rest.get(part, 0) * pages["seconds"])
            / pages["requests"]
            * 1e6
            for part in ("haproxy", "frontend")
        }
        # Bytes that the machines of a tier receive and send for a vote and its page.
        run = figures["strangers"]
        self.network: dict[str, float] = {
            tier: run["network"][tier] / run["acknowledged"]
            + pages["network"][tier] / pages["requests"]
            for tier in TIERS
        }
        # Entries in the tables of tracked connections that a vote leaves; others expire meanwhile.
        self.tracked: dict[str, float] = {
            tier: max(0.0, number / run["acknowledged"]) for tier, number in run["tracked"].items()
        }
        self.hello: float = figures["hello"]["cpu"] / figures["hello"]["requests"] * 1e6

    def tier(self, name: str) -> float:
        """Of a stranger's vote and of the page before it, on the machines of a tier."""
        return sum(self.stranger.get(part, 0) + self.page.get(part, 0) for part in TIERS[name])

    def most(self, part: str) -> float:
        """Votes a second of a part that has one thread, with a core of its own."""
        return 1e6 / self.vote[part]


def _votes(run: dict[str, Any], rest: dict[str, float]) -> dict[str, float]:
    """Of each part, for a vote."""
    return {
        part: (spent - rest.get(part, 0) * run["cpu_window"]) / run["acknowledged"] * 1e6
        for part, spent in run["cpu"].items()
    }


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

µs of CPU time a counted vote, on a connection that is kept; and by strangers, each on a new HTTPS
connection:

| part | kept | x a bare Flask hello | new HTTPS |
|---|---:|---:|---:|"""
    for part, cost in sorted(costs.vote.items(), key=lambda item: -item[1]):
        row = f"{cost:.1f} | {cost / costs.hello:.2f} | {costs.stranger.get(part, 0):.1f}"
        yield f"| {part} | {row} |"
    both = sum(costs.vote.values()), sum(costs.stranger.values())
    yield f"| all | {both[0]:.1f} | {both[0] / costs.hello:.2f} | {both[1]:.1f} |"
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

- Each voter comes on a new HTTPS connection, with a full handshake, and fetches one page on it
  before the one vote.
- CPU time a vote is the same at any rate. That is more than it will be: the more votes come, the
  more are in a frontend's batch and in a worker's, and a worker's had {figures["batch"]:.0f} here.
- Machines have {CORES} cores like the one measured, and are planned to be {BUSY:.0%} busy.
- A queue has one thread, and a worker's connection to the store is one process there: with a core
  of its own, {costs.most("redis"):,.0f} durable votes and {costs.most("pg"):,.0f} ballots a second.
- A queue may hold {QUEUE_MEMORY // MIB} MiB (`frontend_queue_memory`).
- Disks and networks are not judged: what they must carry is said below.
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
    balancers, frontends = (
        ceil(rate * costs.tier(tier) / 1e6 / (CORES * BUSY)) for tier in ("interlock", "frontend")
    )
    each = rate / frontends
    store = rate * costs.tier("store") / 1e6
    yield f"""\
- **Store, cores**: {store:.1f} are busy, on the one machine that this tier has."""
    merges = costs.most("pg")
    if rate > merges:
        late = (rate - merges) * seconds
        held = QUEUE_MEMORY / size["memory"] * frontends
        yield f"""\
- **Store, one connection**: {rate:,.0f} a second come and {merges:,.0f} are merged: after
  {seconds / 60:.0f} minutes {late:,.0f} ballots wait, and are counted {
            late / merges:.0f} s after the
  last vote. They take {late * size["memory"] / GIB:.1f} GiB of the queues' memory;
  {frontends} queues hold {held:,.0f}, so {
            "nobody is refused"
            if held > late
            else f"after {held / (rate - merges):.0f} s voters are told to try again"
        }. Several workers merge side
  by side; how much faster that is, the drain benchmark tells."""
    else:
        yield f"""\
- **Store, one connection**: {rate / merges:.0%} of what one merges."""
    full = QUEUE_MEMORY / size["memory"] / each
    yield f"""\
- **Queue, memory**: with the store away, a queue is full after {full:.0f} s, at {each:,.0f} votes a
  second on each of {frontends} frontends. From then on voters are told to try again; none is lost.
- **Queue, durable writes**: {each / costs.most("redis"):.0%} of what one makes.
- **Queue, disk**: {each * size["log"] / MIB:.1f} MiB a second on each frontend.
- **Network**: {rate / balancers * costs.network["interlock"] * 8 / 1e6:,.0f} Mbit/s, received and
  sent, on each of {balancers} load balancers, {each * costs.network["frontend"] * 8 / 1e6:,.0f} on
  each frontend, {rate * costs.network["store"] * 8 / 1e6:,.0f} on the store.
- **Tracked connections**: a vote by a new connection left {costs.tracked["interlock"]:.3f} entries
  on load balancers and {costs.tracked["frontend"]:.3f} on frontends; an entry stays for 120 s.
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
