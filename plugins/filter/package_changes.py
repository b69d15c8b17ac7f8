"""Tells which packages differ between an image and the one before it."""

from __future__ import annotations

DOCUMENTATION = r"""
name: package_changes
short_description: Tell which packages differ between images and the ones before them
version_added: 1.1.0
author:
  - Landslide (@landslide)
description:
  - Compares the packages of each image with those of the image before it.
positional: before
options:
  _input:
    description:
      - Lines that begin with a package's name, a tab and its version, a list for each image by its
        name.
    type: dict
    required: true
  before:
    description: The same of the images before them, as far as there were any.
    type: dict
    required: true
"""

EXAMPLES = r"""
told: "{{ {'pg': new.stdout_lines} | landslide.voting.package_changes({'pg': old.stdout_lines}) }}"
"""

RETURN = r"""
_value:
  description: A sentence for each image.
  type: list
  elements: str
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any


def package_changes(
    images: Mapping[str, Sequence[str]], before: Mapping[str, Sequence[str]]
) -> list[str]:
    """Return a sentence for each image; the arguments are documented above."""
    sentences = []
    for name, lines in images.items():
        if name in before:
            differ = differences(versions(before[name]), versions(lines))
            packages = ", ".join(differ) or "with the same packages"
            sentences.append(f"{name} is rebuilt: {packages}")
        else:
            sentences.append(f"{name} is built for the first time")
    return sentences


def versions(lines: Sequence[str]) -> dict[str, str]:
    """Return the version of each package out of lines of ``name TAB version TAB ...``."""
    columns = (line.split("\t") for line in lines)
    return {name: version for name, version, *_ in columns}


def differences(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Return a phrase for each package that has another version, is new, or is gone."""
    phrases = []
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            phrases.append(f"{name} {old[name]} removed")
        elif name not in old:
            phrases.append(f"{name} {new[name]} added")
        elif old[name] != new[name]:
            phrases.append(f"{name} {old[name]} -> {new[name]}")
    return phrases


class FilterModule:
    """Hands the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"package_changes": package_changes}
