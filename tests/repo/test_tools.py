"""What checks a contributor's change before it is pushed is what checks it afterwards."""

from __future__ import annotations

import shlex
from pathlib import Path

import yaml
from landslide_cli.test import LINTERS


def test_pre_commit_runs_what_lint_runs(root: Path) -> None:
    config = yaml.safe_load((root / ".pre-commit-config.yaml").read_text())
    (repository,) = config["repos"]
    hooks = {hook["id"]: shlex.split(hook["entry"]) for hook in repository["hooks"]}
    programs = {
        name: program if program == "sh" else f".venv-dev/bin/{program}"
        for name, (program, *_) in LINTERS.items()
    }
    assert hooks == {
        name: [programs[name], *arguments] for name, (_, *arguments) in LINTERS.items()
    }
    # What is installed there is what requirements-dev.txt locks; nothing is fetched.
    assert repository["repo"] == "local"
    assert {hook["language"] for hook in repository["hooks"]} == {"system"}
