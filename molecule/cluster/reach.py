"""Prints, as JSON, which ports answer to a machine, and to each of its engine's containers.

    reach.py '[[NAME, ADDRESS, PORT], ...]' [CONTAINER]

With CONTAINER, it is inside already. Of containers on the host's network, the frontend's has rules
for its user; the load balancer's are the machine itself.
plugins/module_utils/preflight/probe.py is beside it, or on PYTHONPATH.
"""

import asyncio
import json
import subprocess
import sys

from probe import answers

WAIT = 4.0  # a lost SYN is sent again after 1 s and after 3 s
INSPECT = "{{.State.Pid}} {{.HostConfig.NetworkMode}} {{.Config.User}} {{.Name}}"
FRONTEND = "/frontend."


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


def containers() -> dict[str, list[str]]:
    """Return, by containers' names, the command before one that is to run as if inside."""
    names = output("docker", "ps", "--quiet").split()
    found = {}
    for name in names:
        pid, network, user, name = output("docker", "inspect", "--format", INSPECT, name).split()
        if network != "host":
            found[name] = ["nsenter", "--target", pid, "--net"]
        elif name.startswith(FRONTEND):
            uid, gid = user.split(":")
            found[name] = ["setpriv", "--reuid", uid, "--regid", gid, "--clear-groups"]
    return found


if len(sys.argv) > 2:
    print(json.dumps({sys.argv[2]: reached()}))
else:
    found = {"host": reached()}
    for name, inside in containers().items():
        found |= json.loads(output(*inside, *sys.orig_argv, name))
    print(json.dumps(found))
