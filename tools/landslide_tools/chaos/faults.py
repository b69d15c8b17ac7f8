"""The faults of a lab: for each, the script that begins it and the one that ends it. No I/O.

The scripts run as root, with sh, on a node. A fault of the machine itself is caused by the engine
that the node is a container of, after the first script, and ended by it before the second.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from .scripts import (
    CHAIN,
    CLOCKS,
    CONTAINERS,
    CUT,
    DROP,
    FILL_DISK,
    KEPT,
    SLOW,
    STALE,
    UNCLOCK,
    UNDROP,
    UNFILL_DISK,
    UNFILL_MEMORY,
    UNROLL,
    UNSLOW,
    UPDATE,
    running,
    signal,
)

# The Swarm's services by tier.
SERVICES = {
    "manager": ("swarm-api",),
    "frontend": ("frontend", "redis"),
    "worker": ("worker",),
    "store": ("pg", "results-app", "overview"),
}
TIERS = ("interlock", "frontend", "worker", "store", "manager")
# Services that are stopped by a signal: unlike a freeze, it interrupts their system calls.
SIGNALLED = ("frontend", "worker")
# The tiers between a voter and the disk that a vote is on when it is acknowledged.
ROAD = ("interlock", "frontend")


@dataclass(frozen=True)
class Node:
    """A machine of the lab: its host's name, its tier, its address on the lab's network.

    `disk` says whether its engine has a disk of its own.
    """

    name: str
    tier: str
    address: str
    disk: bool = False


@dataclass(frozen=True)
class Fault:
    """A fault of one node: the scripts that begin and end it; `power`, what its engine does to it.

    `hits` are the nodes that may not be able to take or pass on votes meanwhile; `rolls` says that
    it goes from one frontend to the next; `clock` that it sets the node's clock.
    """

    name: str
    node: str
    begin: str = "true"
    end: str = "true"
    power: str = ""
    hits: frozenset[str] = frozenset()
    rolls: bool = False
    clock: bool = False


def catalogue(nodes: Iterable[Node]) -> list[Fault]:
    """Every fault of a lab of these nodes, always in the same order."""
    nodes = list(nodes)
    found: list[Fault] = []
    balancers = sum(node.tier == "interlock" for node in nodes)
    for node in nodes:
        found += _of_containers(node)
        found += _of_machine(node, alone=balancers == 1)
    for left, right in combinations(TIERS, 2):
        for here, there in product(
            *([n for n in nodes if n.tier == tier] for tier in (left, right))
        ):
            found += _of_link(here, there)
    found += _of_updates(nodes)
    return found


def spared(faults: Iterable[Fault], nodes: Iterable[Node]) -> bool:
    """Whether there is a way to a frontend whichever of these faults are there at a time."""
    faults, nodes = list(faults), list(nodes)
    hit = frozenset[str]().union(*(fault.hits for fault in faults))
    left = {
        tier: sum(node.tier == tier and node.name not in hit for node in nodes) for tier in ROAD
    }
    return left["interlock"] > 0 and left["frontend"] > any(fault.rolls for fault in faults)


def touched(faults: Iterable[Fault], nodes: Iterable[Node]) -> set[str]:
    """Return the addresses of the load balancers that may break off what they have in hand.

    Of what they receive, the time does not tell when they did: they may read it late, or stamp it
    with a wrong clock.
    """
    faults = list(faults)
    return {
        node.address
        for node in nodes
        if node.tier == "interlock"
        and any(
            node.name in fault.hits or (fault.clock and fault.node == node.name) for fault in faults
        )
    }


def _of_containers(node: Node) -> Iterator[Fault]:
    selectors = {
        name: f"label=com.docker.swarm.service.name={name}" for name in SERVICES.get(node.tier, ())
    }
    selectors |= {name: f"name=^{name}$" for name in CONTAINERS.get(node.tier, ())}
    for name, selector in selectors.items():
        each = f"docker ps --quiet --filter {selector} | xargs --no-run-if-empty"
        # Interlock only follows the Swarm: without it, HAProxy goes on with what it has.
        hits = frozenset({node.name} if name in ("frontend", "redis", "haproxy") else ())
        # The kernel takes the other processes with the first. Who is stopped by hand stays stopped,
        # unless it is a task of the Swarm's.
        again = f"docker start {name}" if selector.startswith("name") else "true"
        process = f"{each} docker inspect --format '{{{{.State.Pid}}}}'"
        kill = f"{process} | xargs --no-run-if-empty kill -9"
        place = f"{name} on {node.name}"
        yield Fault(f"kill -9 of {place}", node.name, kill, again, hits=hits)
        yield Fault(f"stop of {place}", node.name, f"{each} docker stop", again, hits=hits)
        unpause = f"docker ps --quiet --filter status=paused --filter {selector}"
        yield Fault(
            f"freeze of {place}",
            node.name,
            f"{each} docker pause",
            f"{unpause} | xargs --no-run-if-empty docker unpause",
            hits=hits,
        )
        if name in SIGNALLED:
            yield Fault(
                f"SIGSTOP and SIGCONT of {place}",
                node.name,
                signal("STOP", selector),
                signal("CONT", selector),
                hits=hits,
            )
        if name == "redis":
            fill = running("memory", f"$({process})")
            yield Fault(f"full memory of {place}", node.name, fill, UNFILL_MEMORY, hits=hits)


def _of_machine(node: Node, alone: bool) -> Iterator[Fault]:
    carries = frozenset({node.name} if node.tier in ("frontend", "interlock") else ())
    name = node.name
    yield Fault(
        f"kill -9 of the engine of {name}",
        name,
        "systemctl kill --signal=KILL docker.service",
        "systemctl reset-failed docker.service; systemctl start docker.service",
        # Without live-restore an engine that comes back begins with new containers.
        hits=carries,
    )
    units = "docker.socket docker.service"
    yield Fault(
        f"stop of the engine of {name}",
        name,
        f"systemctl stop {units}",
        f"systemctl start {units}",
        hits=carries,
    )
    yield Fault(
        f"freeze of the engine of {name}",
        name,
        "systemctl kill --signal=STOP docker.service",
        "systemctl kill --signal=CONT docker.service",
        hits=carries,
    )
    yield Fault(f"power loss of {name}", name, power="kill", hits=carries)
    yield Fault(f"reboot of {name}", name, power="restart", hits=carries)
    yield Fault(f"200 ms and 5 % loss from {name}", name, SLOW, UNSLOW, hits=carries)
    # A load balancer with a wrong clock leaves the voters to another one, if there is one.
    leaves = carries if node.tier == "interlock" and not alone else frozenset[str]()
    for how, turns in CLOCKS.items():
        set_clock = running("clock", *turns)
        yield Fault(f"clock of {name} {how}", name, set_clock, UNCLOCK, hits=leaves, clock=True)
    if node.tier != "interlock":
        yield Fault(f"stale names on {name}", name, STALE, UNDROP)
    if node.disk:
        yield Fault(f"power loss of {name} and its disk", name, CUT, power="kill", hits=carries)
        # The load balancer needs no disk to pass votes on.
        full = carries if node.tier == "frontend" else frozenset[str]()
        yield Fault(f"full disk of {name}", name, FILL_DISK, UNFILL_DISK, hits=full)


def _of_link(here: Node, there: Node) -> Iterator[Fault]:
    # Between load balancer and frontend the other frontends stay; elsewhere no voter is on the way.
    hits = frozenset({there.name} if (here.tier, there.tier) == ("interlock", "frontend") else ())
    half = f"{DROP} iptables -w -A {CHAIN} -s {there.address} -j DROP"
    whole = f"{half}; iptables -w -A {CHAIN} -d {there.address} -j DROP"
    yield Fault(f"cut between {here.name} and {there.name}", here.name, whole, UNDROP, hits=hits)
    for one, other in ((here, there), (there, here)):
        half = f"{DROP} iptables -w -A {CHAIN} -s {other.address} -j DROP"
        yield Fault(
            f"half-cut: nothing from {other.name} to {one.name}", one.name, half, UNDROP, hits=hits
        )


def _of_updates(nodes: Sequence[Node]) -> Iterator[Fault]:
    manager = next(node.name for node in nodes if node.tier == "manager")
    services = [name for names in SERVICES.values() for name in names]
    for service in services:
        yield Fault(
            f"rolling update of {service}",
            manager,
            f"{UPDATE} --force {service}",
            rolls=service in ("frontend", "redis"),
        )
    yield Fault(
        "rolling update of everything",
        manager,
        f"for service in {' '.join(services)}; do {UPDATE} --force $service || exit 1; done",
        # The frontend of one machine and the queue of another may have their turn together.
        hits=frozenset(node.name for node in nodes if node.tier == "frontend"),
    )
    image = "docker service inspect --format '{{.Spec.TaskTemplate.ContainerSpec.Image}}'"
    for service in ("frontend", "worker"):
        yield Fault(
            f"a {service} that does not start is rolled out",
            manager,
            # Nothing is kept where it cannot be told: healing would fail with it for ever.
            f"good=$({image} {service}) && echo $good >{KEPT}.{service} &&"
            f" {UPDATE} --image $({image} redis) {service}",
            UNROLL,
            rolls=service == "frontend",
        )
