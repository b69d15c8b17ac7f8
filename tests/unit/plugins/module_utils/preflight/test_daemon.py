import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.landslide.voting.plugins.filter.daemon_settings import (
    FilterModule,
    daemon_settings,
)
from ansible_collections.landslide.voting.plugins.module_utils.preflight import daemon

WANTED = {"log-driver": "json-file", "log-opts": {"max-size": "20m", "max-file": "3"}}
OWN = {"mtu": 1400, "registry-mirrors": ["https://mirror.example"], "data-root": "/srv/docker"}


def test_the_filter_has_its_name() -> None:
    assert FilterModule().filters() == {"daemon_settings": daemon_settings}


def test_the_owners_settings_are_kept() -> None:
    own = {**OWN, "log-opts": {"tag": "x"}}
    assert daemon_settings(json.dumps(own), "", WANTED) == {
        **OWN,
        "log-driver": "json-file",
        "log-opts": {"tag": "x", "max-size": "20m", "max-file": "3"},
    }


def test_without_a_file_there_is_what_is_wanted() -> None:
    assert daemon_settings("", "", WANTED) == WANTED


def test_a_second_time_nothing_is_different() -> None:
    once = daemon.merge(OWN, {}, WANTED)
    assert daemon.merge(once, WANTED, WANTED) == once
    assert daemon.contradictions(once, WANTED, WANTED) == []


def test_what_the_inventory_no_longer_wants_goes_and_what_it_changes_is_no_contradiction() -> None:
    once = daemon.merge(OWN, {}, WANTED)
    wanted = {"log-driver": "local"}
    assert daemon.contradictions(once, WANTED, wanted) == []
    assert daemon.merge(once, WANTED, wanted) == {**OWN, "log-driver": "local"}
    assert daemon.merge(once, WANTED, {}) == OWN


def test_what_the_owner_has_changed_since_stays() -> None:
    changed = {**daemon.merge(OWN, {}, WANTED), "log-driver": "local"}
    assert daemon.merge(changed, WANTED, {})["log-driver"] == "local"
    assert len(daemon.contradictions(changed, WANTED, WANTED)) == 1


def test_a_contradiction_is_told() -> None:
    own = {"log-driver": "journald", "log-opts": {"max-size": "20m"}}
    assert daemon.contradictions(own, {}, WANTED) == [
        '/etc/docker/daemon.json has log-driver "journald", and docker_daemon_config "json-file": '
        "make them the same"
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("live-restore", True),
        ("iptables", False),
        ("ip-masq", False),
        ("bridge", "none"),
        ("userns-remap", "default"),
    ],
)
def test_settings_that_no_node_can_have_are_told(name: str, value: Any) -> None:
    (problem,) = daemon.unusable({**OWN, name: value})
    assert problem.startswith(f"the engine's setting {name} is ")


def test_a_file_that_cannot_be_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon, "SETTINGS", tmp_path / "daemon.json")
    monkeypatch.setattr(daemon, "RECORD", tmp_path / "landslide.json")
    assert daemon.read_settings(WANTED) == (WANTED, [])
    for text in ("{", "[]"):
        daemon.SETTINGS.write_text(text)
        (problem,) = daemon.read_settings(WANTED)[1]
        assert "daemon.json cannot be read" in problem
    daemon.SETTINGS.write_text(json.dumps(OWN))
    assert daemon.read_settings(WANTED) == ({**OWN, **WANTED}, [])
