#!/usr/bin/python
"""Removes the secrets and configs that earlier versions of services have left in a Swarm."""

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_leftovers
short_description: Remove secrets and configs of earlier versions of services
version_added: 1.1.0
description:
  - Removes each secret and config that has the name of one that O(services) use, but for the 12
    digits of its content at the end, and was made by Ansible or M(landslide.voting.swarm_secrets).
  - Keeps what any service of the Swarm uses, or used before its last update and would use again
    after a rollback.
  - Runs on a manager.
author:
  - Landslide (@landslide)
requirements:
  - docker (the Python SDK)
options:
  services:
    description: The names of the services.
    type: list
    elements: str
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
- name: Earlier versions have left no secret
  landslide.voting.swarm_leftovers:
    services: [pg, redis, frontend]
"""

RETURN = r"""
removed:
  description: The names of what was removed.
  returned: always
  type: list
  elements: str
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.landslide.voting.plugins.module_utils.docker_sdk import engine_api
from ansible_collections.landslide.voting.plugins.module_utils.secret_names import LABEL

Record = Mapping[str, Any]
# On what swarm_secrets makes, and on each secret and config that community.docker makes
OURS = {LABEL, "ansible_key"}
VERSIONED = re.compile(r"(.+)_[0-9a-f]{12}")


def references(spec: Record, kind: str) -> Iterator[tuple[str, str]]:
    """Return identity and name of each ``Secret`` or ``Config`` that a service's spec has."""
    container = spec.get("TaskTemplate", {}).get("ContainerSpec", {})
    for reference in container.get(f"{kind}s") or ():
        yield reference[f"{kind}ID"], reference[f"{kind}Name"]


def leftovers(
    names: Sequence[str], services: Iterable[Record], objects: Iterable[Record], kind: str
) -> list[Record]:
    """Return those of ``objects`` that nothing needs; all are as the engine lists them."""
    needed: set[str] = set()
    ours: set[str] = set()
    for service in services:
        for spec in (service["Spec"], service.get("PreviousSpec") or {}):
            for identity, name in references(spec, kind):
                needed.add(identity)
                versioned = VERSIONED.fullmatch(name)
                if service["Spec"]["Name"] in names and versioned:
                    ours.add(versioned.group(1))
    return [
        found
        for found in objects
        if found["ID"] not in needed
        and OURS & set(found["Spec"].get("Labels") or ())
        and (versioned := VERSIONED.fullmatch(found["Spec"]["Name"]))
        and versioned.group(1) in ours
    ]


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={"services": {"type": "list", "elements": "str", "required": True}},
        supports_check_mode=True,
    )
    api = engine_api(module)
    services, names = api.services(), module.params["services"]
    removed = []
    for kind, listed, remove in (
        ("Secret", api.secrets, api.remove_secret),
        ("Config", api.configs, api.remove_config),
    ):
        for found in leftovers(names, services, listed(), kind):
            if not module.check_mode:
                remove(found["ID"])
            removed.append(found["Spec"]["Name"])
    module.exit_json(changed=bool(removed), removed=removed)


if __name__ == "__main__":
    main()
