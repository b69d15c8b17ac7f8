"""All images are built on one base, so that one update reaches all of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

TARGET = re.compile(r'^target "([\w-]+)" \{\n(.*?)^\}', re.M | re.S)
STAGE = re.compile(r"^FROM (\S+)(?: AS (\S+))?\n(.*?)(?=^FROM |\Z)", re.M | re.S)


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
    """Return the images from elsewhere that a target's own stages stand on."""
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


def test_only_the_base_stands_on_an_image_from_elsewhere_and_is_always_built_anew(
    root: Path,
) -> None:
    apps = root / "apps"
    found = targets((apps / "docker-bake.hcl").read_text())
    assert len(found) == 12
    assert {name for name, target in found.items() if target.no_cache} == {"base"}
    sources = {name: pulled(target, apps) for name, target in found.items()}
    assert sources.pop("base") == {"debian:trixie-slim"}
    assert {name: images for name, images in sources.items() if images} == {}
