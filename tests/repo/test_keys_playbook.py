"""What playbooks/stages/keys.yml says to a controller, be it the one that made a cluster or not."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from testing.controller import LOST_QUORUM, NO_SWARM, Controller, state_labels, swarm, words

PLAYBOOK = "playbooks/stages/keys.yml"


@pytest.fixture
def controller(tmp_path: Path) -> Controller:
    return Controller(tmp_path)


@pytest.fixture
def founder(controller: Controller) -> Controller:
    """The controller that the cluster of `labels` was made with."""
    controller.fill()
    return controller


@pytest.fixture(scope="module")
def labels() -> dict[str, str]:
    return state_labels()


def assert_refused(played: subprocess.CompletedProcess[str], *sentences: str) -> None:
    assert played.returncode != 0, played.stdout
    assert "changed=0" in played.stdout
    for sentence in sentences:
        assert sentence in words(played)


@pytest.mark.parametrize("said", ["bare", NO_SWARM])
def test_where_there_is_no_cluster_nothing_has_to_be_there(
    controller: Controller, said: Any
) -> None:
    played = controller.play(PLAYBOOK, said)
    assert played.returncode == 0, played.stdout
    assert not controller.state.exists()


def test_the_controller_that_made_the_cluster_goes_on(
    founder: Controller, labels: dict[str, str]
) -> None:
    played = founder.play(PLAYBOOK, swarm(labels))
    assert played.returncode == 0, played.stdout


@pytest.mark.parametrize("options", [(), ("--check",)])
def test_an_empty_state_directory_is_refused_and_stays_empty(
    controller: Controller, labels: dict[str, str], options: tuple[str, ...]
) -> None:
    played = controller.play(PLAYBOOK, swarm(labels), *options)
    assert_refused(played, "cookie_key", "poll_id", "site_authority", "./landslide state import")
    assert not controller.state.exists()


def test_what_differs_is_named_and_nothing_else(
    founder: Controller, labels: dict[str, str]
) -> None:
    (founder.state / "secrets/test_token").write_text("another")
    (founder.state / "pki/swarm-api/ca.crt").unlink()
    assert_refused(
        founder.play(PLAYBOOK, swarm(labels)),
        "does not have the cluster's swarm_api_authority (missing in",
        "and test_token (different). Nothing was changed.",
    )


@pytest.mark.parametrize("ours", [True, False])
def test_a_cluster_without_fingerprints_is_known_by_its_secrets(
    controller: Controller, ours: bool
) -> None:
    used = f"cookie_key_{hashlib.sha256(b'secrets/cookie_key').hexdigest()[:12]}"
    if ours:
        controller.fill()
    played = controller.play(PLAYBOOK, swarm({}), used=used)
    if ours:
        assert played.returncode == 0, played.stdout
    else:
        assert_refused(played, "does not have the cluster's cookie_key (missing in")


@pytest.mark.parametrize("said", ["", LOST_QUORUM])
def test_managers_that_do_not_answer_need_a_whole_state(controller: Controller, said: Any) -> None:
    assert_refused(controller.play(PLAYBOOK, said), "Bring a manager back")
    assert not controller.state.exists()
    controller.fill()
    assert controller.play(PLAYBOOK, said).returncode == 0


def test_a_swarm_that_is_given_up_needs_none(controller: Controller) -> None:
    played = controller.play(PLAYBOOK, LOST_QUORUM, "-e", "swarm_found_anew=true")
    assert played.returncode == 0, played.stdout


def test_a_secret_of_the_inventory_counts_and_may_be_changed_by_rotate_only(
    founder: Controller, labels: dict[str, str]
) -> None:
    (founder.state / "secrets/test_token").unlink()
    played = founder.play(PLAYBOOK, swarm(labels), test_token="secrets/test_token")
    assert played.returncode == 0, played.stdout
    assert_refused(founder.play(PLAYBOOK, None, test_token="new"), "test_token (different)")
    played = founder.play(PLAYBOOK, None, test_token="new", rotate_key="test_token")
    assert played.returncode == 0, played.stdout


@pytest.mark.parametrize(
    "name",
    [
        "poll",
        "pki",
        "fingerprints",
        "store",
        "queue",
        "worker",
        "frontend",
        "interlock",
        "converge",
    ],
)
def test_whatever_makes_or_uses_a_key_compares_first(root: Path, name: str) -> None:
    first, *_ = yaml.safe_load((root / f"playbooks/stages/{name}.yml").read_text())
    assert first["ansible.builtin.import_playbook"] == "keys.yml"


def test_fingerprints_are_kept_before_anything_is_deployed(root: Path) -> None:
    site = yaml.safe_load((root / "playbooks/site.yml").read_text())
    order = [Path(play["ansible.builtin.import_playbook"]).stem for play in site]
    swarm_at = order.index("swarm")
    assert order[swarm_at : swarm_at + 3] == ["swarm", "fingerprints", "images"]
