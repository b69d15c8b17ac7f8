"""Begins and ends faults at their times; none is left behind, whatever happens."""

import csv
import io
import threading
import time
from collections.abc import Sequence
from typing import Any

from docker.errors import APIError
from landslide_cli.errors import Problem

from landslide_tools.load.trial import Site

from .faults import Fault, Node
from .schedule import Planned
from .scripts import HEAL, STATISTICS, UPDATING

SCRIPT_SECONDS = 60
RECOVERY_SECONDS = 240
LOOK_SECONDS = 0.5
# Workers look at each queue every second.
FRESH_SECONDS = 3


class Statistics:
    """The state of the site by the load balancers' own statistics."""

    def __init__(self, lab: Any, nodes: Sequence[Node], password: str) -> None:
        """Take the lab, its machines, and the password of `admin`."""
        self._lab = lab
        self._balancers = [node.name for node in nodes if node.tier == "interlock"]
        self._password = password

    def frontends(self) -> int:
        """Return how many frontends each load balancer sends votes to, at least.

        Raises `Problem` where one does not answer.
        """
        return min(map(self._frontends, self._balancers))

    def _frontends(self, balancer: str) -> int:
        said = self._lab.run(balancer, "python3", "-c", STATISTICS, self._password)
        rows = csv.DictReader(io.StringIO(said.removeprefix("# ")))
        return sum(row["svname"].startswith("frontend") and row["status"] == "UP" for row in rows)


class Chaos:
    """A context in which the planned faults happen; it gives the list of them.

    Each item has the fault's name, the seconds since the beginning at which it began and ended, and
    why it did not happen, if so: what another fault has removed cannot fail. On leaving, all
    faults have ended, and the lab has recovered by itself.
    """

    def __init__(
        self, site: Site, nodes: Sequence[Node], statistics: Statistics, plan: Sequence[Planned]
    ) -> None:
        """Take the lab, its machines, and what is planned."""
        self._lab = site.lab
        self._nodes = nodes
        self._statistics = statistics
        self._plan = plan
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._events: list[dict[str, Any]] = []
        self._began = 0.0
        self.recovery_seconds = 0.0

    def __enter__(self) -> list[dict[str, Any]]:
        """Begin."""
        self._began = time.monotonic()
        for planned in self._plan:
            thread = threading.Thread(target=self._happen, args=(planned,), daemon=True)
            self._threads.append(thread)
            thread.start()
        return self._events

    def __exit__(self, *raised: object) -> None:
        """End every fault, wait until the lab has recovered; raises `Problem` if it does not."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        heal(self._lab, self._nodes)
        began = time.monotonic()
        self._recover()
        self.recovery_seconds = time.monotonic() - began

    def _happen(self, planned: Planned) -> None:
        if self._stopping.wait(max(0.0, self._began + planned.begins - time.monotonic())):
            return
        event: dict[str, Any] = {"name": planned.fault.name, "problem": ""}
        self._events.append(event)
        event["from"] = time.monotonic() - self._began
        try:
            begin(self._lab, planned.fault)
        except Problem as problem:
            event["problem"] = str(problem)
        self._stopping.wait(max(0.0, self._began + planned.ends - time.monotonic()))
        try:
            end(self._lab, planned.fault)
        except Problem as problem:
            event["problem"] = event["problem"] or str(problem)
        event["to"] = time.monotonic() - self._began

    def _recover(self) -> None:
        wanted = sum(node.tier == "frontend" for node in self._nodes)
        manager = next(node.name for node in self._nodes if node.tier == "manager")
        end = time.monotonic() + RECOVERY_SECONDS
        why = ""
        while time.monotonic() < end:
            try:
                found = self._statistics.frontends()
                _, age = self._lab.waiting()
                # The rest of a delayed update would happen in the next round.
                updating = run(self._lab, manager, UPDATING).split()
                why = (
                    f"{found} of {wanted} frontends are up, a queue was last seen {age:.0f} s ago,"
                    f" being updated: {', '.join(updating) or 'nothing'}"
                )
                if found == wanted and age < FRESH_SECONDS and not updating:
                    return
            except Problem as problem:
                why = str(problem)
            # Nothing notifies of a recovery: each part is polled until `end`.
            time.sleep(LOOK_SECONDS)
        raise Problem(f"The lab has not recovered within {RECOVERY_SECONDS} s: {why}.")


def begin(lab: Any, fault: Fault) -> None:
    """Raises `Problem` where that is not possible."""
    run(lab, fault.node, fault.begin)
    if fault.power:
        switch(lab, fault.node, fault.power)


def end(lab: Any, fault: Fault) -> None:
    """Raises `Problem` where that is not possible."""
    if fault.power:
        switch(lab, fault.node, "start")
    run(lab, fault.node, fault.end)


def run(lab: Any, node: str, script: str) -> str:
    """Run a script on a node and return what it says; raises `Problem` where it fails."""
    return str(lab.run(node, "timeout", str(SCRIPT_SECONDS), "sh", "-c", script))


def switch(lab: Any, node: str, how: str) -> None:
    """Kill, start or restart a machine; raises `Problem` where that is not possible."""
    try:
        getattr(lab.nodes[node], how)()
    except APIError as error:
        raise Problem(f"{node}: {error.explanation}") from error


def heal(lab: Any, nodes: Sequence[Node]) -> None:
    """End whatever fault there is, also of a run that was interrupted."""
    for node in nodes:
        lab.nodes[node.name].start()
    for node in nodes:
        end = time.monotonic() + SCRIPT_SECONDS
        while True:
            try:
                run(lab, node.name, HEAL)
                break
            except Problem:
                # Its engine may still be starting.
                if time.monotonic() > end:
                    raise
                time.sleep(LOOK_SECONDS)
