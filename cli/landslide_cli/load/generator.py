"""The load client: a container on the lab's network (apps/load), which is gone after the run."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker.errors import APIError, BuildError, NotFound

from landslide_cli import ROOT
from landslide_cli.errors import Problem

from .lab import Lab
from .records import Tail

SOURCE = ROOT / "apps" / "load"
LOOK_SECONDS = 0.5
# A vote that is sent in the last second may take the load balancer all its retries.
GRACE_SECONDS = 30


def build(lab: Lab) -> str:
    """Build the load client's image, unless it is there; return its name."""
    name = f"{lab.network}-load"
    try:
        lab.client.images.build(
            path=str(SOURCE), tag=name, labels=lab.labels, network_mode=lab.network, rm=True
        )
    except BuildError as error:
        raise Problem(f"The load client cannot be built: {error}") from error
    return name


@dataclass(frozen=True)
class Demand:
    """What voters do: `votes` in all, for `seconds` at most, whichever ends first.

    `clients` vote at a time, each with a pause of `pause` milliseconds before every vote; `changed`
    is the share of the votes that is cast by voters who have voted before.
    """

    votes: int
    seconds: int
    clients: int
    changed: float
    pause: int = 0


class Run:
    """One run of the load client."""

    def __init__(self, lab: Lab, image: str, address: str, directory: Path, demand: Demand) -> None:
        """Take the load balancer's address, and where the voters are and the records go."""
        self._lab = lab
        self._image = image
        self._address = address
        self._directory = directory
        self._demand = demand
        self.interrupted = False

    def vote(self, choices: list[str], show: Callable[[int], None]) -> float:
        """Send the votes that are asked for; return the client's own CPU time in seconds.

        `show` is told now and then how many votes there are. Interrupted, the client stops, and
        what it has recorded stands. Raises `Problem` where it does not run as it should.
        """
        demand, clients = self._demand, str(self._demand.clients)
        command = ["--threads", clients, "--connections", clients]
        command += ["--duration", f"{demand.seconds + GRACE_SECONDS}s", self._address, "--"]
        command += ["/load", str(demand.votes), str(demand.seconds), str(demand.changed)]
        command += [",".join(choices), clients, str(demand.pause)]
        container = self._start(command)
        try:
            self._watch(container, show)
            code = container.wait(timeout=GRACE_SECONDS)["StatusCode"]
            output = container.logs().decode()
        finally:
            container.remove(force=True)
        name, _, spent = output.strip().rpartition("\n")[2].partition(" ")
        if code != 0 or name != "generator_cpu_seconds":
            raise Problem(f"The load client has failed:\n{output}")
        return float(spent)

    def _start(self, command: list[str]) -> Any:
        name = f"{self._lab.network}-load"
        containers = self._lab.client.containers
        try:
            if containers.get(name).status == "running":
                raise Problem("Another load runs on this lab: wait for its end.")
            containers.get(name).remove()
        except NotFound:
            pass
        try:
            return containers.run(
                self._image,
                command,
                name=name,
                labels=self._lab.labels,
                network=self._lab.network,
                user=f"{os.getuid()}:{os.getgid()}",
                volumes={str(self._directory): {"bind": "/load", "mode": "rw"}},
                cap_drop=["ALL"],
                detach=True,
            )
        except APIError as error:
            raise Problem(f"The load client does not start: {error.explanation}") from error

    def _watch(self, container: Any, show: Callable[[int], None]) -> None:
        """Wait until all clients have done what they had to do, then let wrk end."""
        tail = Tail(self._directory, self._demand.clients)
        try:
            while not tail.look():
                show(tail.votes)
                container.reload()
                if container.status != "running":
                    return
                # The records grow without telling anybody; the client ends by itself.
                time.sleep(LOOK_SECONDS)
        except KeyboardInterrupt:
            self.interrupted = True
        # wrk sleeps for all of its duration, or until it is interrupted.
        container.kill(signal="SIGINT")
