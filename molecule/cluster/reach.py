"""Prints, as JSON, which ports answer to a machine, and to each of its engine's containers.

    reach.py '[[NAME, ADDRESS, PORT], ...]' [CONTAINER]

With CONTAINER, it is inside already. Containers on the host's network are the machine itself.
plugins/module_utils/preflight/probe.py is beside it, or on PYTHONPATH.
"""

import asyncio
import json
import subprocess
import sys

from probe import answers

WAIT = 4.0  # a lost SYN is sent again after 1 s and after 3 s
INSPECT = "{{.State.Pid}} {{.HostConfig.NetworkMode}} {{.Name}}"


def reached() -> list[str]:
    """Return those that answer in this network namespace, as "name port"."""
    targets = json.loads(sys.argv[1])
    good = asyncio.run(answers("", [(address, port) for _, address, port in targets], WAIT))
    return [
        f"{name} {port}"
        for (name, _, port), answered in zip(targets, good, strict=True)
        if answered
    ]


def output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def containers() -> dict[str, str]:
    """Return the main process of each running container, by the container's name."""
    names = output("docker", "ps", "--quiet").split()
    told = [output("docker", "inspect", "--format", INSPECT, name).split() for name in names]
    return {name: pid for pid, network, name in told if network != "host"}


if len(sys.argv) > 2:
    print(json.dumps({sys.argv[2]: reached()}))
else:
    found = {"host": reached()}
    for name, pid in containers().items():
        inside = ["nsenter", "--target", pid, "--net", *sys.orig_argv, name]
        found |= json.loads(output(*inside))
    print(json.dumps(found))
