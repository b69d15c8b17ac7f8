#!/usr/bin/python
"""Removes the images that earlier versions have left on a host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: image_leftovers
short_description: Remove images of earlier versions
version_added: 1.1.0
description:
  - Keeps of each repository below O(prefix) the two images that were built last, which are that in
    use and that of a rollback, and what any container has, be it stopped.
  - Does not touch an image that has a name elsewhere, too.
author:
  - Landslide (@landslide)
requirements:
  - docker (the Python SDK)
options:
  prefix:
    description: What the names of the repositories begin with.
    type: str
    required: true
attributes:
  check_mode:
    description: Tells what it would remove.
    support: full
  diff_mode:
    description: Has nothing to show.
    support: none
"""

EXAMPLES = r"""
- name: Earlier versions have left no image
  landslide.voting.image_leftovers:
    prefix: 192.168.33.11:5000/landslide/
"""

RETURN = r"""
removed:
  description: The repositories and identities of what was removed.
  returned: always
  type: list
  elements: str
"""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.landslide.voting.plugins.module_utils.docker_sdk import engine_api

KEPT = 2


def repositories(image: Mapping[str, Any]) -> set[str]:
    """Return the repositories that an image has a tag or a digest in."""
    names = [*(image.get("RepoTags") or ()), *(image.get("RepoDigests") or ())]
    return {re.sub(r"@[^@]*$|:[^:/@]*$", "", name) for name in names}


def leftovers(
    images: Iterable[Mapping[str, Any]], used: Collection[str], prefix: str
) -> list[tuple[str, str]]:
    """Return repository and identity of each image that nothing needs.

    ``images`` are as the engine lists them; ``used`` are the identities of containers' images.
    """
    by_repository: dict[str, list[Mapping[str, Any]]] = {}
    for image in images:
        names = repositories(image)
        if len(names) == 1 and (name := names.pop()).startswith(prefix):
            by_repository.setdefault(name, []).append(image)
    found = []
    for name, listed in by_repository.items():
        listed.sort(key=lambda image: image["Created"], reverse=True)
        found += [(name, old["Id"]) for old in listed[KEPT:] if old["Id"] not in used]
    return found


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={"prefix": {"type": "str", "required": True}}, supports_check_mode=True
    )
    api = engine_api(module)
    used = {container["ImageID"] for container in api.containers(all=True)}
    found = leftovers(api.images(), used, module.params["prefix"])
    if not module.check_mode:
        for _, identity in found:
            api.remove_image(identity)
    removed = [f"{name} {identity}" for name, identity in found]
    module.exit_json(changed=bool(removed), removed=removed)


if __name__ == "__main__":
    main()
