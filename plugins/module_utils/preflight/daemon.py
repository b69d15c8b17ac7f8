"""The settings of a Docker engine: its owner's are kept, the inventory's are added."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

SETTINGS = Path("/etc/docker/daemon.json")
# What the inventory had set at the last run. All else in the settings is their owner's.
RECORD = Path("/etc/docker/landslide.json")

Settings = Mapping[str, Any]

# Settings with which a node cannot do its work, each with the values that matter and the reason.
UNUSABLE = {
    "live-restore": ((True,), "an engine that has it cannot be in a Swarm"),
    "iptables": ((False,), "no container could be reached"),
    "ip-masq": ((False,), "containers could not reach the other nodes"),
    "bridge": (("none",), "the load balancer and the registry run on it"),
}


def parse(text: str) -> dict[str, Any]:
    """Read a settings file; an empty one has none. Raises ValueError where it is no mapping."""
    settings = json.loads(text) if text.strip() else {}
    if not isinstance(settings, dict):
        raise ValueError("it is no mapping")
    return settings


def leaves(settings: Settings, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Return each single setting with its path; a list is one."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from leaves(value, *path, name)
        else:
            yield (*path, name), value


def merge(found: Settings, before: Settings, wanted: Settings) -> dict[str, Any]:
    """Return what is ``found``, without what was set ``before``, and with what is ``wanted``."""
    merged = deepcopy(dict(found))
    present = dict(leaves(found))
    for path, value in leaves(before):
        if path in present and present[path] == value:
            remove(merged, path)
    for (*above, name), value in leaves(wanted):
        place = merged
        for step in above:
            if not isinstance(place.get(step), dict):
                place[step] = {}
            place = place[step]
        place[name] = value
    return merged


def remove(settings: dict[str, Any], path: tuple[str, ...]) -> None:
    """Take a single setting away, and the mappings that are empty without it."""
    name, *rest = path
    if rest:
        remove(settings[name], tuple(rest))
    if not rest or not settings[name]:
        del settings[name]


def contradictions(found: Settings, before: Settings, wanted: Settings) -> list[str]:
    """Name each setting that its owner and the inventory want to be different."""
    present, ours = dict(leaves(found)), dict(leaves(before))
    return [
        f"{SETTINGS} has {'.'.join(path)} {json.dumps(present[path])}, and docker_daemon_config "
        f"{json.dumps(value)}: make them the same"
        for path, value in leaves(wanted)
        if path in present and present[path] not in (value, ours.get(path))
    ]


def unusable(settings: Settings) -> list[str]:
    """Name each setting with which the machine cannot be a node."""
    problems = [
        f"the engine's setting {name} is {json.dumps(settings[name])}, with which {reason}"
        for name, (values, reason) in UNUSABLE.items()
        if settings.get(name) in values
    ]
    if settings.get("userns-remap"):
        problems.append(
            "the engine's setting userns-remap is on, with which containers could not read the "
            "files that are theirs"
        )
    return problems


def read_settings(wanted: Settings) -> tuple[dict[str, Any], list[str]]:
    """Return the settings that this machine's engine will have, and a sentence for each problem."""
    try:
        found = parse(SETTINGS.read_text()) if SETTINGS.exists() else {}
    except ValueError as error:
        return dict(wanted), [f"{SETTINGS} cannot be read: {error}"]
    before = parse(RECORD.read_text()) if RECORD.exists() else {}
    merged = merge(found, before, wanted)
    return merged, [*contradictions(found, before, wanted), *unusable(merged)]
