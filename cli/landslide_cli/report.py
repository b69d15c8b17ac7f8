"""Runs the playbooks of a command, and says in words how that ended."""

import time
from pathlib import Path

from rich.console import Console

from . import STATE, playbook
from .errors import Problem
from .inventory import Inventory
from .playbook import Outcome
from .progress import Steps

LAST_LINES = 5


def new_log(name: str) -> Path:
    """Return where the output of a run goes that begins now."""
    return STATE / "log" / time.strftime(f"{name}-%Y%m%d-%H%M%S.log")


def run_steps(name: str, inventory: Inventory, advice: str, extra_vars: str = "") -> Outcome:
    """Run one of playbooks/ and show its steps; raises `Problem` if anything failed."""
    log = new_log(name)
    options = ["--extra-vars", extra_vars] if extra_vars else []
    with Steps(Console(highlight=False)) as steps:
        outcome = playbook.run([f"playbooks/{name}.yml"], inventory, log, steps.on_event, options)
        raise_failure(outcome, log, advice)
    return outcome


def raise_failure(outcome: Outcome, log: Path, advice: str) -> None:
    """Raise a `Problem` that says what failed, where, and what to do, if anything failed."""
    if outcome.returncode == 0:
        return
    lines = []
    for failure in outcome.failures:
        hosts = ", ".join(failure.hosts)
        lines += [f"{failure.play} failed on {hosts}, at: {failure.task}", failure.message.strip()]
    if not lines:
        lines = [
            f"Ansible ended with {outcome.returncode} without a task that failed. Its last lines:",
            *log.read_text(encoding="utf-8").splitlines()[-LAST_LINES:],
        ]
    raise Problem("\n".join([*lines, "", advice, f"Log: {log}"]))
