"""./landslide test"""

import os
import subprocess
import sys
from pathlib import Path

import click

from . import ROOT
from .errors import Problem

PARTS: dict[str, list[list[str]]] = {
    "lint": [
        ["ruff", "format", "--check", "."],
        ["ruff", "check", "."],
        ["mypy"],
        ["yamllint", "."],
        ["ansible-lint", "--offline"],
    ],
    "apps": [["pytest", "apps"]],
    "repo": [["pytest", "cli", "plugins", "tests"]],
    "molecule": [["molecule", "test", "--all"]],
    "cluster": [["molecule", "test", "--scenario-name", "cluster"]],
}
"""The commands of each part, to be run from the checkout."""


@click.command()
@click.argument("parts", nargs=-1, type=click.Choice(list(PARTS)), metavar="[PART]...")
def test(parts: tuple[str, ...]) -> None:
    """Checks Landslide itself: PART is lint, apps, repo, molecule, cluster; without any, all."""
    tools = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{tools}:{os.environ['PATH']}"}
    failed = []
    for part in parts or PARTS:
        for command in PARTS[part]:
            click.secho(f"{part}: {' '.join(command)}", bold=True)
            if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode:
                failed.append(f"{part}: {' '.join(command)}")
    if failed:
        raise Problem("\n".join(["These failed:", *failed]))
