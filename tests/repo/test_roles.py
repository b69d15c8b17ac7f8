"""Roles are all of one shape, and what they say of their variables is true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

# What may be in a task that puts a key or a password somewhere.
SECRET = re.compile(r"\.key\b|_key\b|password|secret|token")
WRITERS = {"copy", "template", "lineinfile", "blockinfile"}


def tasks_of(place: Any) -> Iterator[dict[str, Any]]:
    """Return each task of a file's content, those in blocks and plays included."""
    for entry in place if isinstance(place, list) else ():
        yield entry
        for part in ("tasks", "pre_tasks", "block", "rescue", "always"):
            yield from tasks_of(entry.get(part))


def load(path: Path) -> dict[str, Any]:
    """Read a file of a role, or in its place a directory of them."""
    files = [path, *sorted(path.with_suffix("").glob("*.yml"))]
    read: dict[str, Any] = {}
    for file in filter(Path.exists, files):
        read |= yaml.safe_load(file.read_text())
    return read


def test_variables_are_described_and_have_a_value_or_are_required(role: Path) -> None:
    entries = load(role / "meta/argument_specs.yml")["argument_specs"]
    options = {
        name: option for entry in entries.values() for name, option in entry["options"].items()
    }
    required = {name for name, option in options.items() if option.get("required")}
    defaults = set(load(role / "defaults/main.yml"))

    assert required & defaults == set(), "required, yet with a default"
    assert set(options) == required | defaults, "described is not what there is"
    assert {name for name, option in options.items() if not option.get("description")} == set()
    assert {name for name, option in options.items() if not option.get("type")} == set()


def test_flags_are_taken_for_what_they_say(role: Path) -> None:
    # On the command line, `-e flag=false` is a text, and any text is true.
    entries = load(role / "meta/argument_specs.yml")["argument_specs"]
    flags = [
        name
        for entry in entries.values()
        for name, option in entry["options"].items()
        if option["type"] == "bool"
    ]
    tasks = "".join(path.read_text() for path in sorted((role / "tasks").glob("*.yml")))
    # Where it is set in a sentence or handed to another role it is followed by = or a colon.
    assert [name for name in flags if re.search(rf"\b{name}\b(?!=|:| \| bool\b)", tasks)] == []


def test_the_role_says_what_it_is(role: Path) -> None:
    info = load(role / "meta/main.yml")["galaxy_info"]
    assert info["description"] and info["license"] and info["min_ansible_version"]


def test_a_scenario_has_the_name_of_the_role(role: Path, root: Path) -> None:
    scenario = root / "molecule" / role.name
    present = {path.name for path in scenario.glob("*.yml")}
    assert {"molecule.yml", "converge.yml", "verify.yml"} <= present


def test_variables_bear_the_name_of_their_role(role: Path) -> None:
    public = load(role / "defaults/main.yml")
    internal = load(role / "vars/main.yml")
    # What several roles share bears the name of what it is about.
    shared = role.name == "common"
    assert shared or [name for name in public if not name.startswith(f"{role.name}_")] == []
    assert [name for name in internal if not name.startswith(f"__{role.name}_")] == []


def test_no_key_is_shown_by_diff(root: Path) -> None:
    files = [*root.glob("roles/*/tasks/*.yml"), *root.glob("roles/*/handlers/*.yml")]
    files += root.glob("playbooks/**/*.yml")
    shown = []
    for file in files:
        for task in tasks_of(yaml.safe_load(file.read_text())):
            writes = WRITERS & {name.rpartition(".")[2] for name in task}
            if writes and SECRET.search(str(task)) and task.get("diff") is not False:
                shown.append(f"{file}: {task['name']}")
    assert shown == []
