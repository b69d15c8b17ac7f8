"""All images are built on one base, so that one update reaches all of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

TARGET = re.compile(r'^target "([\w-]+)" \{\n(.*?)^\}', re.M | re.S)
STAGE = re.compile(r"^FROM (\S+)(?: AS (\S+))?\n(.*?)(?=^FROM |\Z)", re.M | re.S)


PULL = re.compile(r"docker pull|docker_image_pull|source: pull")
BASE = "localhost/debian:trixie"


class Target(NamedTuple):
    """A target of docker-bake.hcl."""

    context: str
    stage: str
    contexts: dict[str, str]
    no_cache: bool


def targets(text: str) -> dict[str, Target]:
    """Read docker-bake.hcl, as far as this repository uses the language."""
    found = {}
    for title, body in TARGET.findall(text):
        settings = dict(re.findall(r'^ +([\w-]+) *= "([^"]*)"$', body, re.M))
        contexts = dict(re.findall(r'([\w-]+) *= "(?:target:|\./)([\w-]+)"', body))
        no_cache = re.search(r"^ +no-cache += true$", body, re.M) is not None
        matrix = re.search(r"matrix += \{ image = \[(.*)\] \}", body)
        for name in re.findall(r"[\w-]+", matrix[1]) if matrix else [title]:
            context = name if matrix else settings["context"]
            found[name] = Target(context, settings.get("target", ""), contexts, no_cache)
    return found


def pulled(target: Target, apps: Path) -> set[str]:
    """Return the images that are no targets that a target's own stages stand on."""
    stages = {}
    last = ""
    for base, name, body in STAGE.findall((apps / target.context / "Dockerfile").read_text()):
        last = name or "the last"
        stages[last] = [base, *re.findall(r"COPY --from=(\S+)", body)]
    found: set[str] = set()
    waiting = [target.stage or last]
    while waiting:
        for source in stages[waiting.pop()]:
            if source in target.contexts:
                continue
            if source in stages:
                waiting.append(source)
            else:
                found.add(source)
    return found


def test_only_the_base_stands_on_an_image_that_is_no_target_and_is_always_built_anew(
    root: Path,
) -> None:
    apps = root / "apps"
    found = targets((apps / "docker-bake.hcl").read_text())
    assert len(found) == 12
    assert {name for name, target in found.items() if target.no_cache} == {"base"}
    sources = {name: pulled(target, apps) for name, target in found.items()}
    assert sources.pop("base") == {BASE}
    assert {name: images for name, images in sources.items() if images} == {}


def test_every_image_stands_on_the_one_base_that_is_made_of_signed_packages(
    tracked: list[Path], root: Path
) -> None:
    names = {
        target.context for target in targets((root / "apps/docker-bake.hcl").read_text()).values()
    }
    dockerfiles = [path.read_text() for path in tracked if path.name == "Dockerfile"]
    stages = {stage for text in dockerfiles for _, stage, _ in STAGE.findall(text)}
    bases = {base for text in dockerfiles for base, _, _ in STAGE.findall(text)}
    assert bases - stages - names == {BASE}
    # It is made under this name in the cluster, and in the engine of a lab.
    makers = [root / "roles/images/vars/main.yml", root / "roles/lab/files/base-image"]
    assert [path.name for path in makers if BASE not in path.read_text()] == []


def test_nothing_is_pulled_from_elsewhere(tracked: list[Path], root: Path) -> None:
    places = [
        root / name for name in ("roles", "playbooks", "apps", "cli", "plugins", "Vagrantfile")
    ]
    pulling = [
        str(path.relative_to(root))
        for path in tracked
        if any(path.is_relative_to(place) for place in places)
        and PULL.search(path.read_text(errors="replace"))
    ]
    assert pulling == []
