"""Each setting has one owner, and what is said of it is true everywhere."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import yaml

# What the scenario `common` leaves as it is, and why.
ELSEWHERE = {
    **dict.fromkeys(
        ("registry_listen_address", "swarm_advertise_address"),
        "a host of the lab has one address",
    ),
    "swarm_network_encrypted": "the lab's kernel may have no ESP",
    "clock_in_containers": "the scenario clock sets it",
    "docker_packages": "the engine is there",
    "images_ca_bundle": "it depends on the machine",
    "preflight_docker_root": "the lab's nodes have Docker's data where it is by default",
    "store_found_anew": "no setting to keep",
    "swarm_found_anew": "no setting to keep",
}
# The lab's kernel may lack the control groups that limits need.
LIMITS = re.compile(r"\w+_limits")
# A setting of a tier's, with a default that is no expression.
SHARED = re.compile(
    r"\{\{ __common_\w+\.\w+ \| default\((\d+|true|false|'.*'|\[.*\]|\{.*\})\) \}\}"
)


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def roles_variables(role: Path, kind: str) -> dict[str, Any]:
    """Return what stands in a role's defaults or vars, be it one file or several."""
    files = [*role.glob(f"{kind}/main.yml"), *sorted(role.glob(f"{kind}/main/*.yml"))]
    return {name: value for file in files for name, value in load(file).items()}


@pytest.fixture(scope="session")
def generator(root: Path) -> dict[str, Any]:
    return runpy.run_path(str(root / "tools/settings_page.py"))


@pytest.fixture(scope="session")
def settings(generator: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the options of each role that are for users."""
    found: dict[str, dict[str, Any]] = generator["settings"]()
    return found


def test_the_page_of_settings_is_current(generator: dict[str, Any], root: Path) -> None:
    told = "python3 tools/settings_page.py writes it"
    assert (root / "docs/settings.md").read_text() == generator["page"](), told


def test_every_role_has_its_readme(generator: dict[str, Any], root: Path) -> None:
    written = generator["readmes"]()
    assert {path.parent for path in written} == set((root / "roles").iterdir())
    for path, text in written.items():
        assert path.read_text() == text, "python3 tools/settings_page.py writes it"


def test_a_setting_has_one_owner(settings: dict[str, dict[str, Any]]) -> None:
    names = [name for options in settings.values() for name in options]
    assert {name for name in names if names.count(name) > 1} == set()


def test_the_spec_shows_the_default(role: Path) -> None:
    entries = load(role / "meta/argument_specs.yml")["argument_specs"].values()
    options = {name: option for entry in entries for name, option in entry["options"].items()}
    for name, value in roles_variables(role, "defaults").items():
        shared = SHARED.fullmatch(value) if isinstance(value, str) else None
        default = yaml.safe_load(shared.group(1)) if shared else value
        if "{{" in str(default):
            assert "default" not in options[name], name
            assert "no_log" in options[name] or "By default" in options[name]["description"], name
        else:
            assert options[name].get("default") == default, name


def test_what_is_shared_is_asked_of_the_tier_that_owns_it(root: Path) -> None:
    common = root / "roles/common"
    owners = load(common / "vars/main/agreement.yml")["__common_owners"]
    for name, value in load(common / "defaults/main/settings.yml").items():
        asked = re.findall(r"__common_(\w+)\.(\w+) \| default\(", str(value))
        owner = owners.get(name.partition("_")[0])
        # What no tier owns is each host's own.
        assert asked[:1] == ([(owner, name)] if owner else []), name


def test_every_secret_is_described(root: Path) -> None:
    common = root / "roles/common"
    secrets = load(common / "vars/main/secrets.yml")["__common_secrets"]
    options = load(common / "meta/argument_specs.yml")["argument_specs"]["secrets"]["options"]
    assert [name for name in options if not name.endswith("_accepted")] == list(secrets)
    assert [name for name, option in options.items() if not option["no_log"]] == []


def test_no_play_reads_a_file_of_defaults(root: Path) -> None:
    plays = [*root.glob("playbooks/**/*.yml"), *root.glob("inventories/**/*.yml")]
    assert [str(file) for file in plays if "defaults/" in file.read_text()] == []


def test_the_scenario_sets_every_setting_to_another_value(
    settings: dict[str, dict[str, Any]], root: Path
) -> None:
    places = sorted((root / "molecule/common/inventory/group_vars").glob("*.yml"))
    given = {name: value for place in places for name, value in load(place).items()}
    # Machines of other kinds have scenarios of their own.
    public = {
        name: option
        for role, options in settings.items()
        if role not in {"aws", "lab"}
        for name, option in options.items()
        if name not in ELSEWHERE and not LIMITS.fullmatch(name)
    }
    assert set(public) - set(given) == set(), "not set"
    assert set(given) - set(public) == set(), "no setting"
    same = {name for name, option in public.items() if option.get("default") == given[name]}
    assert same == set(), "the same as by default"
