"""The load client: a container on the lab's network that is gone after the run."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from docker.errors import APIError, BuildError, NotFound
from landslide_cli.errors import Problem

from landslide_tools import load_client
from landslide_tools.load_client.plan import LoadProfile, Plan, Target
from landslide_tools.load_client.record import written

from .lab import Lab

SOURCE = Path(load_client.__file__).parent
LOOK_SECONDS = 0.5
# Longer than the client waits for the answer to a vote that is sent in the last second, and than
# whoever has none then takes to press again.
GRACE_SECONDS = 120


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

    def __init__(
        self, lab: Lab, image: str, target: Target, directory: Path, profile: LoadProfile
    ) -> None:
        """Take where to vote, and the directory of the voters, where the record goes."""
        self._lab = lab
        self._image = image
        self._target = target
        self._directory = directory
        self._profile = profile
        self.interrupted = False

    def vote(self, choices: list[str], show: Callable[[int], None]) -> dict[str, float]:
        """Send the votes that are asked for; return what the client says of itself at its end.

        `show` is called now and then with the number of votes so far. Interrupted, the client
        stops, and its record is valid. Raises `Problem` where the client fails.
        """
        Plan(self._profile, self._target, choices).write(self._directory / "plan.json")
        container = self._start()
        try:
            self._watch(container, show)
            code = container.wait(timeout=GRACE_SECONDS)["StatusCode"]
            output = container.logs().decode()
        finally:
            container.remove(force=True)
        if code != 0:
            raise Problem(f"The load client has failed:\n{output}")
        said: dict[str, float] = json.loads(output.splitlines()[-1])
        return said

    def _start(self) -> Any:
        name = f"{self._lab.network}-load"
        containers = self._lab.client.containers
        try:
            if containers.get(name).status == "running":
                raise Problem("Another load runs on this lab: wait until it ends.")
            containers.get(name).remove()
        except NotFound:
            pass
        try:
            return containers.run(
                self._image,
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
        """Wait until the client has ended, or has been signalled to."""
        end = time.monotonic() + self._profile.seconds + GRACE_SECONDS
        try:
            while time.monotonic() < end:
                container.reload()
                if container.status != "running":
                    return
                show(written(self._directory / "record"))
                # Nothing notifies of a record that grows; the client ends by itself.
                time.sleep(LOOK_SECONDS)
        except KeyboardInterrupt:
            self.interrupted = True
        container.kill(signal="SIGINT")
