#!/usr/bin/env python3
"""What a counted vote costs in CPU time, tier by tier, beside a bare Flask hello in the same run.

    ./landslide up
    export PYTHONPATH=cli:tools:apps:apps/frontend:bench
    .venv/bin/python -P bench/pipeline.py [-e @FILE] [--votes N]

On the lab: some time at rest; then ./landslide load, which must find every vote counted once; then
the same with each vote on a new HTTPS connection; then the page that voters fetch before they vote;
then bench/hello.py, in the results' image and on its
machine, on Granian with 8 threads a process, before which the same client votes, without the load
balancer. CPU time is what the kernel has booked for each container's
cgroup. What goes on at rest, mostly health checks, is measured and taken off the votes and pages,
for it does not grow with them. The figures go to bench/pipeline.json; bench/capacity.py makes
docs/capacity.md of it.
"""

import json
import os
import platform
import re
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import click
import wrk
from landslide_cli.inventory import Inventory, inventory_options
from landslide_cli.progress import Steps
from landslide_tools.load import generator
from landslide_tools.load.lab import END, Lab
from landslide_tools.load.trial import find_lab
from landslide_tools.load.voters import new_voter, write_voters
from landslide_tools.load_client.plan import LoadProfile, Target
from landslide_tools.load_client.record import read
from rich.console import Console

ROOT = Path(__file__).resolve().parent.parent
FIGURES = ROOT / "bench" / "pipeline.json"
TICKS_PER_SECOND = 100  # USER_HZ of Linux
REST_SECONDS = 30
PAGE_SECONDS = 10
HELLO_PORT = 8009
SERVE = """
    printf "%s" "$HELLO" >/tmp/hello.py
    export PYTHONPATH=/app/src:/tmp
    exec python -c "
import os
from common.server import serve
from granian.constants import Interfaces
cpus = len(os.sched_getaffinity(0))
options = dict(workers=cpus, blocking_threads=8, backlog=2048, backpressure=2048)
serve('hello:app', Interfaces.WSGI, 8000, 10, **options)
"
"""
READY = f"until (</dev/tcp/127.0.0.1/{HELLO_PORT}); do sleep 0.1; done 2>/dev/null"
ENTRIES = 100_000
# What an entry takes in a queue's memory and in its log, with the shipped settings.
QUEUE = f"""
    redis-server /opt/redis/redis.conf --port 0 --unixsocket /tmp/s --aclfile "" --dir /tmp \
        --appendfsync no --auto-aof-rewrite-percentage 0 --maxmemory 0 >/dev/null &
    ask() {{ redis-cli -s /tmp/s "$@"; }}
    for _ in $(seq 100); do [ "$(ask ping 2>/dev/null)" = PONG ] && break; sleep 0.1; done
    memory() {{ ask info memory | sed -n 's/^used_memory:\\([0-9]*\\).*/\\1/p'; }}
    log() {{ cat /tmp/appendonlydir/*.aof | wc -c; }}
    m=$(memory) l=$(log)
    ask eval "for i = 1, {ENTRIES} do redis.call('XADD', 'ballots', '*', 'poll', 'tzikosryoodn0ak9',
        'voter', string.format('01890000-0000-7000-8000-%012d', i), 'choice', 'a',
        'cast', string.format('%d', 1790000000000000 + i), 'flag', '0', 'node', 'frontend01',
        'boot', '01890000-0000-7000-8000-000000000000', 'seq', i,
        'mac', string.format('%032x', i)) end" 0 >/dev/null
    echo $(($(memory) - m)) $(($(log) - l))
"""
SIZES = """
    SELECT pg_total_relation_size('ballots'), pg_total_relation_size('votes'),
        pg_current_wal_lsn() - '0/0', (SELECT count(DISTINCT (queue, stored_at)) FROM ballots)
"""


def sizes(lab: Lab) -> list[int]:
    """Bytes of the ledger, of the votes, of the write-ahead log; and how many batches came."""
    return [int(number) for number in lab.query(SIZES)[0]]


def image(lab: Lab, node: str, service: str) -> str:
    """The image of a service's container on a node."""
    label = f"label=com.docker.swarm.service.name={service}"
    look = f"docker ps --no-trunc --filter {label} --format '{{{{.Image}}}}'; echo '{END}'"
    return lab.read(node, "sh", "-c", look).split()[0]


def rest(lab: Lab) -> dict[str, float]:
    """CPU seconds that each part takes in a second while nobody votes."""
    before, began = lab.cpu(), time.monotonic()
    time.sleep(REST_SECONDS)
    after, seconds = lab.cpu(), time.monotonic() - began
    return {part: (spent - before.get(part, 0.0)) / seconds for part, spent in after.items()}


def machine_cpu() -> tuple[float, float]:
    """Seconds of CPU time that this machine has spent on anything, and that it has had, in all."""
    ticks = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    idle = ticks[3] + ticks[4]
    return (sum(ticks) - idle) / TICKS_PER_SECOND, sum(ticks) / TICKS_PER_SECOND


def load(options: list[str]) -> dict[str, Any]:
    """The figures of a run of ./landslide load that has found nothing wrong."""
    command = [str(ROOT / "landslide"), "load", *options]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    report = Path(re.findall(r"Report: (.*)", said)[0])
    figures: dict[str, Any] = json.loads(report.with_name("figures.json").read_text())
    return figures


def used(after: dict[str, float], before: dict[str, float]) -> dict[str, float]:
    """CPU seconds of each part in between."""
    return {part: spent - before.get(part, 0.0) for part, spent in after.items()}


def read_number(lab: Lab, node: str, path: str) -> int:
    """The number in a file of a node; 0 where there is none."""
    command = f"cat {path} 2>/dev/null || echo 0; echo '{END}'"
    return int(lab.read(node, "sh", "-c", command))


def traffic(lab: Lab, inventory: Inventory) -> dict[str, float]:
    """Bytes that the machines of each tier have received and sent so far."""
    return {
        tier: sum(
            read_number(lab, node, f"/sys/class/net/eth0/statistics/{way}_bytes")
            for node in inventory.groups[tier]
            for way in ("rx", "tx")
        )
        for tier in ("interlock", "frontend", "worker", "store")
    }


def tracked(lab: Lab, inventory: Inventory) -> dict[str, float]:
    """Connections in the kernel's tables, on the machines of each tier."""
    return {
        tier: sum(
            read_number(lab, node, "/proc/sys/net/netfilter/nf_conntrack_count")
            for node in inventory.groups[tier]
        )
        for tier in ("interlock", "frontend")
    }


def pages(lab: Lab, inventory: Inventory, url: str, clients: int) -> dict[str, Any]:
    """Fetch the page as fast as it goes: requests, seconds, CPU seconds of each part, bytes."""
    wrk.build(lab)
    before, sent, began = lab.cpu(), traffic(lab, inventory), time.monotonic()
    requests = wrk.run(lab, url, connections=clients, seconds=PAGE_SECONDS)
    after, took = lab.cpu(), time.monotonic() - began
    network = used(traffic(lab, inventory), sent)
    return {"requests": requests, "seconds": took, "cpu": used(after, before), "network": network}


def hello(lab: Lab, node: str, votes: int, clients: int) -> dict[str, float]:
    """Requests to a bare Flask hello, and the CPU seconds that it took for them."""
    text = (ROOT / "bench" / "hello.py").read_text()
    run = ["docker", "run", "--detach", "--rm", "--name", "hello", "--tmpfs", "/tmp"]
    run += ["--publish", f"{HELLO_PORT}:8000", "--env", f"HELLO={text}"]
    run += ["--entrypoint", "sh", image(lab, node, "results-app")]
    lab.run(node, *run, "-c", SERVE)
    try:
        lab.run(node, "timeout", "20", "bash", "-c", READY)
        address = lab.run(node, "hostname", "--ip-address").split()[0]
        target = Target([address], "voter-any", http_port=HELLO_PORT)
        for number in (votes // 10, votes):
            with tempfile.TemporaryDirectory() as directory:
                place = Path(directory)
                write_voters(place / "voters", (new_voter() for _ in range(number)), b"any key")
                before = lab.cpu()["hello"]
                profile = LoadProfile(number, 300, clients)
                client = generator.Run(lab, generator.build(lab), target, place, profile)
                client.vote(["a", "b"], lambda number: None)
                spent = lab.cpu()["hello"] - before
                answered = sum(vote.status == 200 for vote in read(place / "record"))
        return {"requests": answered, "cpu": spent}
    finally:
        lab.run(node, "docker", "stop", "--time", "20", "hello")


def queue_bytes(lab: Lab, node: str) -> dict[str, float]:
    """Bytes that an entry takes in a queue's memory, and in its append-only log."""
    run = ["docker", "run", "--rm", "--tmpfs", "/tmp", "--entrypoint", "timeout"]
    command = [image(lab, node, "redis"), "60", "sh", "-c", QUEUE]
    memory, log = map(int, lab.run(node, *run, *command).split())
    return {"memory": memory / ENTRIES, "log": log / ENTRIES}


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return {
        "cores": os.cpu_count(),
        "model": model[1] if model else platform.machine(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
    }


@click.command()
@inventory_options
@click.option("--votes", default=100_000, show_default=True)
@click.option("--clients", default=64, show_default=True)
def main(inventory: Inventory, votes: int, clients: int) -> None:
    """Measure, and keep the figures."""
    options = [*inventory.arguments, "--clients", str(clients), "--seconds", "300", "--votes"]
    site, _ = find_lab(inventory)
    lab = site.lab
    frontend = inventory.groups["frontend"][0]
    with Steps(Console(highlight=False)) as steps:
        steps.begin("Warm up")
        load([*options, str(votes // 10)])
        steps.begin("At rest")
        idle = rest(lab)
        steps.begin("Votes")
        before, (busy, had) = sizes(lab), machine_cpu()
        run = load([*options, str(votes)])
        busy, had = (now - then for now, then in zip(machine_cpu(), (busy, had), strict=True))
        taken = [now - then for now, then in zip(sizes(lab), before, strict=True)]
        steps.begin("Votes on new HTTPS connections")
        sent, logged = traffic(lab, inventory), tracked(lab, inventory)
        strangers = load([*options, str(votes // 5), "--fresh", "1", "--https", "1"])
        sent = used(traffic(lab, inventory), sent)
        logged = used(tracked(lab, inventory), logged)
        steps.begin("Pages")
        fetched = pages(lab, inventory, f"http://{site.balancers[0]}:80/", clients)
        steps.begin("Hello")
        bare = hello(lab, inventory.groups["store"][0], votes // 2, clients)
        steps.begin("Bytes")
        figures = {
            "machine": machine(),
            "load": run,
            "strangers": {**strangers, "network": sent, "tracked": logged},
            "batch": run["acknowledged"] / taken[3],
            "elsewhere": (busy - sum(run["cpu"].values()) - run["generator_cpu"]) / had,
            "rest": idle,
            "pages": fetched,
            "hello": bare,
            "bytes": {
                **queue_bytes(lab, frontend),
                "ledger": taken[0] / run["acknowledged"],
                "votes": taken[1] / run["voters"],
                "wal": taken[2] / run["acknowledged"],
            },
        }
    FIGURES.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
