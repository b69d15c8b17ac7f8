"""Runs commands that check something, and counts their results."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from . import ROOT
from .errors import Problem

SECONDS = 2400
LAST_LINES = 40


def start(
    command: Sequence[str], environment: Mapping[str, str], log: Path
) -> "subprocess.Popen[bytes]":
    """Start a command from the checkout, in a group of its own, all output into `log`."""
    with log.open("wb") as output:
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def end(child: "subprocess.Popen[bytes]") -> None:
    """End a command and all that it has started, if it still runs."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def count(good: bool, output: str) -> tuple[int, int]:
    """Return how much passed and failed: what pytest's last line says, or one for the command."""
    summary = re.search(
        r"^=*.*\d+ (?:passed|failed|errors?)\b.* in [\d.]+s.*$\Z", output.strip(), re.M
    )
    if summary is None:
        return int(good), int(not good)
    results = re.findall(r"(\d+) (passed|failed|error)", summary.group())
    passed = sum(int(number) for number, word in results if word == "passed")
    failed = sum(int(number) for number, word in results if word != "passed")
    return passed, failed if good else max(failed, 1)


def last_words(output: str) -> str:
    """Return the last lines of what was said, and before them Ansible's last failure.

    Molecule clears away after a failure, and says more about that than about the failure.
    """
    lines = output.splitlines()
    last = lines[-LAST_LINES:]
    failures = [n for n, line in enumerate(lines) if line.startswith("fatal: [")]
    if failures and failures[-1] < len(lines) - LAST_LINES:
        last = [*lines[failures[-1] :][:LAST_LINES], "[...]", *last]
    return "\n".join(last)


@dataclass
class Checks:
    """What has been checked, each with a log of its own in the directory `logs`."""

    logs: Path
    passed: int = 0
    failed: int = 0
    _stopped: bool = False
    _child: "subprocess.Popen[bytes] | None" = None

    def check(self, name: str, *command: str, **environment: str) -> bool:
        """Run a command and say how it went; its last lines, too, if it went wrong.

        Raises `Problem` where it was stopped; what is called after that, to tidy up, runs.
        """
        self.logs.mkdir(parents=True, exist_ok=True)
        log = self.logs / f"{name.replace(' ', '-')}.log"
        began = time.monotonic()
        good = self._execute(command, environment, log)
        output = log.read_text(errors="replace")
        passed, failed = count(good, output)
        self.passed += passed
        self.failed += failed
        if not good:
            click.echo(last_words(output))
        click.echo(f"{mark(good)} {time.monotonic() - began:7.1f} s    {name}")
        return good

    def stop(self) -> None:
        """End what another thread runs: the user has had enough."""
        self._stopped = True
        if self._child is not None:
            end(self._child)

    def _execute(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> bool:
        """Run a command; say whether it ended well in time."""
        self._child = start(command, environment, log)
        if self._stopped:
            end(self._child)
        try:
            good = self._child.wait(SECONDS) == 0
        except subprocess.TimeoutExpired:
            good = False
        finally:
            end(self._child)
        if self._stopped:
            self._stopped = False
            raise Problem("It was stopped.")
        return good


def mark(good: bool) -> str:
    """Return the sign that begins a line about something that went well, or not."""
    return "✓" if good else "✗"
