"""The order of the site, which an update of a running one depends on."""

from __future__ import annotations

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
