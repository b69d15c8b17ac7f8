"""What the steps of a rotation leave on the controller and in the Swarm, each of them a run."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.landslide.voting.plugins.filter.cluster_keys import cluster_keys, made
from testing.controller import Controller, state_labels, swarm, words


@pytest.fixture(scope="module")
def labels() -> dict[str, str]:
    return state_labels()


@pytest.fixture
def controller(tmp_path: Path) -> Controller:
    made = Controller(tmp_path)
    made.fill()
    return made


def rotate(
    controller: Controller, said: Any, name: str, *steps: str, poll: str = "open", **settings: Any
) -> subprocess.CompletedProcess[str]:
    """Run steps of playbooks/rotate.yml, without the roll-outs between them."""
    tasks = [
        {
            "name": f"Step {step}",
            "ansible.builtin.import_role": {
                "name": "landslide.voting.keys",
                "tasks_from": "compare" if step == "keys" else step,
            },
            "vars": {"keys_changing": name, "keys_leaked": settings.get("rotate_leaked", False)},
        }
        for step in ("keys", *steps)
    ]
    play = {"name": "Steps", "hosts": "manager:interlock", "gather_facts": False, "tasks": tasks}
    playbook = controller.state.with_name("steps.yml")
    playbook.write_text(yaml.safe_dump([play]))
    settings |= {"running_poll": {"state": poll}, "rotate_key": name}
    return controller.play(playbook, said, **settings)


def secret(controller: Controller, name: str) -> str:
    return (controller.state / "secrets" / name).read_text().strip()


def known(controller: Controller, name: str, *values: str) -> bool:
    """Say whether the Swarm knows just these values of a key."""
    compared = cluster_keys({name: values}, controller.labels, [])
    return not compared["different"] and compared["labels"] == controller.labels


def assert_done(played: subprocess.CompletedProcess[str]) -> None:
    assert played.returncode == 0, played.stdout + played.stderr
    for line in played.stdout.splitlines():
        assert "secrets/" not in line or "path" in line or "argv" in line, line


def test_a_secret_is_changed_in_one_step(controller: Controller, labels: dict[str, str]) -> None:
    assert_done(rotate(controller, swarm(labels), "test_token", "rotate"))
    new = secret(controller, "test_token")
    assert len(new) == 48
    assert known(controller, "test_token", new)
    assert not list((controller.state / "secrets").glob("test_token.*"))
    others = {name for name, label in labels.items() if controller.labels[name] == label}
    assert labels.keys() - others == {"landslide.key.test_token"}


def test_one_that_was_interrupted_goes_on_with_the_same_value(
    controller: Controller, labels: dict[str, str]
) -> None:
    (controller.state / "secrets/test_token.next").write_text("half way")
    assert_done(rotate(controller, swarm(labels), "test_token", "rotate"))
    assert secret(controller, "test_token") == "half way"


def test_a_key_that_frontends_accept_is_changed_in_steps(
    controller: Controller, labels: dict[str, str]
) -> None:
    old = secret(controller, "cookie_key")
    assert_done(rotate(controller, swarm(labels), "cookie_key", "rotate"))
    assert secret(controller, "cookie_key") == old
    new = secret(controller, "cookie_key.next")
    assert secret(controller, "cookie_key.accepted").split() == [old, new]

    # The whole again, from where it was interrupted, while the poll is open.
    played = rotate(controller, None, "cookie_key", "rotate", "record", "swap", "drop")
    assert_done(played)
    assert secret(controller, "cookie_key") == new
    assert secret(controller, "cookie_key.accepted").split() == [old, new]
    assert known(controller, "cookie_key", new, old)

    # And again after it: the new one stays.
    assert_done(rotate(controller, None, "cookie_key", "rotate", "swap", "drop", poll="closed"))
    assert secret(controller, "cookie_key") == new
    assert known(controller, "cookie_key", new)
    files = {path.name for path in (controller.state / "secrets").glob("cookie_key*")}
    assert files == {"cookie_key"}


def test_an_authority_is_made_anew_with_all_that_it_signs(
    controller: Controller, labels: dict[str, str]
) -> None:
    leaf = controller.state / "pki/site/site.crt"
    leaf.touch()
    assert_done(rotate(controller, swarm(labels), "site_authority", "rotate"))
    new = (controller.state / "pki/site/ca.crt").read_text()
    assert "BEGIN CERTIFICATE" in new
    assert known(controller, "site_authority", new)
    assert (controller.state / "pki/site/ca.key").stat().st_mode & 0o777 == 0o600
    assert not leaf.exists()
    assert {path.name for path in (controller.state / "pki").iterdir()} == {
        "internal",
        "registry",
        "site",
        "swarm-api",
    }


def test_an_authority_that_services_accept_is_changed_in_steps(
    controller: Controller, labels: dict[str, str]
) -> None:
    place = controller.state / "pki/internal"
    old = "-----BEGIN CERTIFICATE-----\nold\n-----END CERTIFICATE-----"
    (place / "ca.crt").write_text(old)
    leaf = place / "redis.crt"
    leaf.touch()
    told = swarm(labels | {"landslide.key.internal_authority": made([old])})
    assert_done(rotate(controller, told, "internal_authority", "rotate"))
    new = (controller.state / "pki.next/internal/ca.crt").read_text().strip()
    assert (place / "ca.crt").read_text().strip() == old
    assert secret(controller, "internal_authority.accepted") == f"{old}\n{new}"

    # The whole again, from where it was interrupted. What the old one signed is gone with it.
    played = rotate(controller, None, "internal_authority", "rotate", "record", "swap")
    assert_done(played)
    assert (place / "ca.crt").read_text().strip() == new
    assert not leaf.exists()
    assert known(controller, "internal_authority", new, old)

    assert_done(rotate(controller, None, "internal_authority", "rotate", "swap", "drop"))
    assert (place / "ca.crt").read_text().strip() == new
    assert known(controller, "internal_authority", new)
    assert not (controller.state / "secrets/internal_authority.accepted").exists()


def test_the_old_entry_key_is_kept(controller: Controller, labels: dict[str, str]) -> None:
    assert_done(rotate(controller, swarm(labels), "entry_key", "rotate", poll="closed"))
    assert secret(controller, "entry_key.retired") == "secrets/entry_key"
    assert secret(controller, "entry_key") != "secrets/entry_key"


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("poll_id", {}, "There is no poll_id. Keys that can be changed: cookie_key"),
        ("entry_key", {}, "entry_key authenticates the votes of the poll"),
        ("redis_frontend_password", {}, "nobody can vote"),
        ("stats_password", {"stats_password": "secrets/stats_password"}, "cluster's already"),
        ("cookie_key", {"cookie_key": "new"}, "accepted there until the poll has closed"),
    ],
)
def test_what_cannot_be_changed_now_is_refused_and_nothing_is_changed(
    controller: Controller, labels: dict[str, str], name: str, settings: dict[str, str], said: str
) -> None:
    before = {path: path.read_bytes() for path in controller.state.rglob("*") if path.is_file()}
    played = rotate(controller, swarm(labels), name, "rotate", **settings)
    assert played.returncode != 0, played.stdout
    assert said in words(played)
    assert controller.labels == json.loads(json.dumps(labels))
    assert before == {p: p.read_bytes() for p in controller.state.rglob("*") if p.is_file()}


def test_a_secret_of_the_inventory_is_the_clusters_after_it(
    controller: Controller, labels: dict[str, str]
) -> None:
    played = rotate(controller, swarm(labels), "stats_password", "rotate", stats_password="new")
    assert_done(played)
    assert known(controller, "stats_password", "new")
    assert secret(controller, "stats_password") == "secrets/stats_password"
