"""The load client: a container on the lab's network (apps/load), which is gone after the run."""

import os
import time
from collections.abc import Callable
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


class Run:
    """One run of the load client."""

    def __init__(self, lab: Lab, image: str, address: str, directory: Path, clients: int) -> None:
        """Take the load balancer's address, and where the voters are and the records go."""
        self._lab = lab
        self._image = image
        self._address = address
        self._directory = directory
        self._clients = clients

    def vote(
        self,
        votes: int,
        seconds: int,
        changed: float,
        choices: list[str],
        show: Callable[[int], None],
    ) -> float:
        """Send `votes`, for `seconds` at most; return the client's own CPU time in seconds.

        `show` is told now and then how many votes there are. Interrupted, the client stops, and
        what it has recorded stands. Raises `Problem` where it does not run as it should.
        """
        clients = str(self._clients)
        command = ["--threads", clients, "--connections", clients]
        command += ["--duration", f"{seconds + GRACE_SECONDS}s", self._address, "--", "/load"]
        command += [str(votes), str(seconds), str(changed), ",".join(choices), clients]
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
        tail = Tail(self._directory, self._clients)
        try:
            while not tail.look():
                show(tail.votes)
                container.reload()
                if container.status != "running":
                    return
                time.sleep(LOOK_SECONDS)
        except KeyboardInterrupt:
            pass
        # wrk sleeps for all of its duration, or until it is interrupted.
        container.kill(signal="SIGINT")
