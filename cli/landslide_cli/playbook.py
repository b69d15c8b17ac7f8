"""Runs playbooks and follows them by the events of Landslide's callback plugin."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ansible_mitogen

from . import ROOT
from .errors import Stopped
from .inventory import Inventory
from .passwords import handed_over

Event = Mapping[str, Any]
"""What plugins/callback/progress.py writes."""

# One Python process on each host instead of one for every task, for the lab only: Ansible's own
# strategy does the same in twice the time, and is what users know from their other playbooks.
MITOGEN = {
    "ANSIBLE_STRATEGY": "mitogen_linear",
    "ANSIBLE_STRATEGY_PLUGINS": str(Path(ansible_mitogen.__file__).parent / "plugins/strategy"),
}

# Ansible ends its workers itself when interrupted; then it is ended.
SECONDS_TO_STOP = 20


@dataclass
class Failure:
    """What went wrong in one task, and on which hosts."""

    play: str
    task: str
    message: str
    hosts: list[str] = field(default_factory=list)


@dataclass
class Outcome:
    """How a run of playbooks ended, as far as its events say."""

    returncode: int = 0
    failures: list[Failure] = field(default_factory=list)
    unreachable: set[str] = field(default_factory=set)
    data: dict[str, Any] = field(default_factory=dict)
    play: str = ""
    task: str = ""

    def on_event(self, event: Event) -> None:
        """Take in one event."""
        match event["event"]:
            case "play":
                self.play = event["name"]
            case "task":
                self.task = event["name"]
            case "failed":
                self._on_failure(event)
            case "end":
                self.data = event["data"]

    def _on_failure(self, event: Event) -> None:
        where = (self.play, event["task"])
        # Only the last task that failed: what failed before it was rescued.
        self.failures = [known for known in self.failures if (known.play, known.task) == where]
        for failure in self.failures:
            if failure.message == event["message"]:
                break
        else:
            failure = Failure(*where, event["message"])
            self.failures.append(failure)
        failure.hosts.append(event["host"])
        if event["unreachable"]:
            self.unreachable.add(event["host"])


def settings() -> dict[str, str]:
    """Return an environment with Landslide's own Ansible and its settings."""
    return os.environ | {
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }


def environment(descriptor: int, inventory: Inventory) -> dict[str, str]:
    """Return the environment of a run on `inventory` that reports its progress to `descriptor`."""
    return (
        settings()
        | (MITOGEN if inventory.is_lab else {})
        | {
            "ANSIBLE_CALLBACKS_ENABLED": "landslide.voting.progress",
            "ANSIBLE_NOCOLOR": "1",
            "LANDSLIDE_PROGRESS_FD": str(descriptor),
        }
    )


def run(
    playbooks: Sequence[str],
    inventory: Inventory,
    log: Path,
    on_event: Callable[[Event], None],
    options: Sequence[str] = (),
) -> Outcome:
    """Run `playbooks`, paths below the checkout, in one go.

    All output goes to the file `log`. `on_event` is called with each event as it happens, from a
    thread of its own. Interrupted, it interrupts Ansible and raises `Stopped` when that has ended.
    """
    outcome = Outcome()
    log.parent.mkdir(parents=True, exist_ok=True)
    reader, writer = os.pipe()

    def follow() -> None:
        with open(reader, encoding="utf-8") as lines:
            for line in lines:
                event = json.loads(line)
                outcome.on_event(event)
                on_event(event)

    with (
        log.open("a", encoding="utf-8") as output,
        handed_over(inventory.passwords) as (unlocking, pipes),
    ):
        child = subprocess.Popen(
            ["ansible-playbook", *inventory.arguments, *unlocking, *options, *playbooks],
            cwd=ROOT,
            env=environment(writer, inventory),
            pass_fds=[writer, *pipes["pass_fds"]],
            stdin=pipes["stdin"],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    os.close(writer)
    # A daemon, for a process that outlives Ansible may still hold the other end of the pipe.
    listener = threading.Thread(target=follow, daemon=True)
    listener.start()
    try:
        outcome.returncode = child.wait()
    except KeyboardInterrupt as interrupt:
        stop(child)
        raise Stopped from interrupt
    listener.join(timeout=5)
    return outcome


def stop(child: subprocess.Popen[bytes]) -> None:
    """Interrupt `child`, and end it if it does not stop by itself."""
    child.send_signal(signal.SIGINT)
    try:
        child.wait(SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
