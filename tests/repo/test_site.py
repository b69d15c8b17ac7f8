"""The playbooks: their order, which an update depends on, and what they do where a host fails."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml


def read(playbook: Path) -> list[dict[str, Any]]:
    plays: list[dict[str, Any]] = yaml.safe_load(playbook.read_text())
    return plays


def test_nothing_is_written_that_what_reads_it_does_not_understand_yet(root: Path) -> None:
    imported = [
        Path(play["ansible.builtin.import_playbook"]).stem
        for play in read(root / "playbooks/site.yml")
    ]
    ordered = ["store", "queue", "worker", "frontend", "interlock"]
    assert [name for name in imported if name in ordered] == ordered


@pytest.mark.parametrize(
    ("name", "services"), [("worker", ["pg", "redis"]), ("frontend", ["redis", "worker"])]
)
def test_an_update_waits_for_what_has_to_come_before(
    root: Path, name: str, services: list[str]
) -> None:
    *_, play = read(root / f"playbooks/stages/{name}.yml")
    waits = [
        task["landslide.voting.swarm_service_wait"]["services"]
        for task in play["pre_tasks"]
        if "landslide.voting.swarm_service_wait" in task
    ]
    assert waits == [services]


# With the first alone, Ansible goes on with the next play where a host is unreachable: it counts
# that host twice, and compares the sum with the number of the play's hosts.
FATAL = {"any_errors_fatal": True, "max_fail_percentage": 0}


# Where a play's only host fails or is unreachable, Ansible ends the run by itself.
ONE_HOST = re.compile(r"localhost|store|retiring(:&frontend)?|\w+\[0\]")


def test_a_host_that_fails_ends_the_run_whatever_settings_ansible_has(root: Path) -> None:
    plays = {
        f"{path.stem}: {play['name']}": play
        for path in (root / "playbooks").rglob("*.yml")
        for play in read(path)
        if "hosts" in play and not ONE_HOST.fullmatch(play["hosts"])
    }
    assert "swarm: Swarm" in plays
    unsaid = [name for name, play in plays.items() if "any_errors_fatal" not in play]
    assert unsaid == []
    # An installed collection has none of the checkout's settings.
    assert "any_errors_fatal" not in (root / "ansible.cfg").read_text()
    fatal = {name: play for name, play in plays.items() if play["any_errors_fatal"]}
    assert [name for name, play in fatal.items() if not FATAL.items() <= play.items()] == []


@pytest.mark.parametrize("hosts", ["away", "away:here"])
def test_an_unreachable_host_ends_the_run(root: Path, tmp_path: Path, hosts: str) -> None:
    inventory = tmp_path / "inventory"
    away = "away ansible_host=127.0.0.1 ansible_port=1"
    inventory.write_text(f"{away}\nhere ansible_connection=local\n")
    playbook = tmp_path / "playbook.yml"
    task = {"name": "Next", "ansible.builtin.command": "true"}
    plays = [
        {"name": "Fatal", "hosts": hosts, "gather_facts": False, "tasks": [task], **FATAL},
        {"name": "Later", "hosts": "localhost", "gather_facts": False, "tasks": [task]},
    ]
    playbook.write_text(yaml.safe_dump(plays, sort_keys=False))
    run = subprocess.run(
        ["ansible-playbook", f"--inventory={inventory}", str(playbook)],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "UNREACHABLE" in run.stdout
    assert "PLAY [Later]" not in run.stdout
    assert run.returncode != 0


def test_load_balancers_are_updated_one_after_the_other(root: Path) -> None:
    *_, play = read(root / "playbooks/stages/interlock.yml")
    assert play["serial"] == 1
    *_, last = yaml.safe_load((root / "roles/interlock/tasks/main.yml").read_text())
    assert last["community.docker.docker_container"]["state"] == "healthy"
    assert set(last["loop"]) == {"haproxy", "interlock"}
