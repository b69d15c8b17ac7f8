"""Says in words how a run of playbooks ended."""

from pathlib import Path

from .errors import Problem
from .playbook import Outcome

LAST_LINES = 5


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
