"""The Docker engine of this machine, which the lab's nodes are containers of."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import docker
from docker.errors import DockerException

from . import STATE
from .errors import Problem

SOCKET = Path("/var/run/docker.sock")
SECONDS_TO_START = 60
SYSTEM_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def answering() -> docker.DockerClient | None:
    """Return a client of the engine that answers, DOCKER_HOST's if that is set, or none."""
    try:
        return docker.from_env(timeout=10)
    except DockerException:
        return None


def check(client: docker.DockerClient | None) -> None:
    """Raise a `Problem` if this user has no engine, and can start none, that carries a lab."""
    if client:
        if any("rootless" in option for option in client.info()["SecurityOptions"]):
            raise Problem("The Docker engine is rootless; the lab needs one that runs as root.")
    elif "DOCKER_HOST" in os.environ:
        raise Problem(f"No Docker engine answers at DOCKER_HOST={os.environ['DOCKER_HOST']}.")
    elif SOCKET.exists() and not os.access(SOCKET, os.W_OK):
        raise Problem(
            "You may not use Docker. Run: sudo usermod -aG docker $USER, then log in again."
        )
    elif not shutil.which("dockerd", path=SYSTEM_PATH):
        raise Problem("No Docker engine answers, and none is installed. Install docker.io.")


def start() -> None:
    """Start the engine if none answers; raises `Problem` if there is none to be had."""
    client = answering()
    check(client)
    if client:
        return
    log = STATE / "log" / "engine.log"
    systemd = Path("/run/systemd/system").exists()
    # Without systemd not by the init script, which needs CAP_SYS_RESOURCE to raise a limit.
    command = ["systemctl", "start", "docker"] if systemd else ["dockerd"]
    if os.geteuid() != 0:
        command.insert(0, "sudo")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as output:
        starter = subprocess.Popen(
            command,
            env=os.environ | {"PATH": SYSTEM_PATH},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # The engine outlives a Ctrl-C; systemctl needs the terminal, for sudo may ask.
            start_new_session=not systemd,
        )
    end = time.monotonic() + SECONDS_TO_START
    while not answering():
        if starter.poll() or time.monotonic() > end:
            raise Problem(f"The Docker engine does not start. Log: {log}.")
        # It listens when it is ready, and notifies only systemd.
        time.sleep(0.2)
