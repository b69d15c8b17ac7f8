"""What playbooks/stages/poll.yml says of a poll to each state that a store can be in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from testing.poll_mistakes import COFFEE, POLL, TEA

Judge = Callable[..., subprocess.CompletedProcess[str]]

# The container that runs, and what psql says in it, as far as the playbook may ask for them.
DOCKER = """#!/bin/sh
case $1 in
    info) echo '{"LocalNodeState": "inactive", "ControlAvailable": false, "Error": ""}' ;;
    ps) if [ -n "$STORE" ]; then echo 0123456789ab; fi ;;
    exec) if [ "$STORE" = recovering ]; then exit 2; fi; printf '%s\\n' "$STORE" ;;
    *) exit 1 ;;
esac
"""
RUNNING = {
    "state": "open",
    "id": None,
    "opens_at": None,
    "closes_at": None,
    "choices": {"tea": "Tea", "coffee": "Coffee", "test": "Test votes"},
}
ASKED = {name: POLL[name] for name in ("title", "question", "choices")}
OVER = {**ASKED, "closes_at": "2001-12-01T22:00:00Z"}
SWAPPED = {**ASKED, "choices": [TEA | {"text": "Coffee"}, COFFEE | {"text": "Tea"}]}
CLOSES_AT_ONCE = "the poll's closes_at is over, and it would close at once"


@pytest.fixture
def judge(root: Path, tmp_path: Path) -> Judge:
    """Run the playbook against a store that says so, "" for none; without Docker on a bare host."""

    def run(
        definition: dict[str, Any], store: str, *options: str, bare: bool = False
    ) -> subprocess.CompletedProcess[str]:
        docker = tmp_path / "bin" / "docker"
        docker.parent.mkdir()
        # Without its interpreter, a script cannot be started: as if there were none.
        docker.write_text("#!/nowhere/sh" if bare else DOCKER)
        docker.chmod(0o755)
        settings = {
            "ansible_connection": "local",
            "ansible_become": False,
            "ansible_python_interpreter": sys.executable,
            "cluster_state_directory": str(tmp_path),
            "poll_definition": definition,
        }
        return subprocess.run(
            [
                *(sys.executable, "-m", "ansible", "playbook", "-i", "inventories/example"),
                *("-e", json.dumps(settings), *options, "playbooks/stages/poll.yml"),
            ],
            cwd=root,
            env=os.environ
            | {
                "ANSIBLE_CONFIG": str(root / "ansible.cfg"),
                "ANSIBLE_NOCOLOR": "1",
                "PATH": f"{docker.parent}:{os.environ['PATH']}",
                "STORE": store,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run


@pytest.mark.parametrize("bare", [True, False])
def test_without_a_store_a_poll_must_not_be_over(judge: Judge, bare: bool) -> None:
    played = judge(OVER, "", bare=bare)
    assert played.returncode != 0, played.stdout
    assert CLOSES_AT_ONCE in " ".join(played.stdout.split())


@pytest.mark.parametrize("bare", [True, False])
def test_without_a_store_any_other_poll_may_be_asked(judge: Judge, bare: bool) -> None:
    played = judge(ASKED, "", bare=bare)
    assert played.returncode == 0, played.stdout


@pytest.mark.parametrize("store", ["", "recovering"])
def test_a_store_that_does_not_answer_keeps_no_run_from_bringing_it_back(
    judge: Judge, tmp_path: Path, store: str
) -> None:
    (tmp_path / "store_founded").touch()
    played = judge(OVER, store)
    assert played.returncode == 0, played.stdout


def test_a_poll_that_was_to_close_then_passes(judge: Judge) -> None:
    store = RUNNING | {"closes_at": "2001-12-01T22:00:00+00:00"}
    played = judge(OVER, json.dumps(store))
    assert played.returncode == 0, played.stdout


@pytest.mark.parametrize("options", [(), ("--check",)])
def test_swapped_texts_are_refused_in_check_mode_too(
    judge: Judge, options: tuple[str, ...]
) -> None:
    played = judge(SWAPPED, json.dumps(RUNNING), *options)
    assert played.returncode != 0, played.stdout
    assert "choice tea of the poll is to be Coffee" in " ".join(played.stdout.split())
    assert "changed=0" in played.stdout
