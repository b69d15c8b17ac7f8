#!/usr/bin/python
"""Makes secrets of a Swarm whose names change with their content, and do not tell it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_secrets
short_description: Make secrets of a Swarm whose names change with their content
version_added: 1.1.0
description:
  - The name of a secret ends with 12 digits of a slow hash of its content, salted with the Swarm's
    ID.
  - M(community.docker.docker_secret) leaves a plain hash of the content in a label, by which a weak
    password can be guessed.
  - Runs on a manager. Give the task C(no_log).
author:
  - Landslide (@landslide)
requirements:
  - docker (the Python SDK)
options:
  secrets:
    description: The secrets.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The name, without the digits.
        type: str
        required: true
      value:
        description: The content.
        type: str
        required: true
attributes:
  check_mode:
    description: Tells what it would make.
    support: full
  diff_mode:
    description: Has nothing to show.
    support: none
"""

EXAMPLES = r"""
- name: Password exists
  landslide.voting.swarm_secrets:
    secrets:
      - {name: password, value: "{{ password }}"}
  no_log: true
"""

RETURN = r"""
names:
  description: The whole name of each secret, by its name.
  returned: always
  type: dict
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.landslide.voting.plugins.module_utils.docker_sdk import engine_api
from ansible_collections.landslide.voting.plugins.module_utils.secret_names import (
    LABEL,
    secret_name,
)

# Of an option that is no_log, AnsibleModule takes the value out of all that is returned: the name
# of a secret whose value is a part of it would be another one.
SHOWN: dict[str, Any] = {"no_log": False}


def main() -> None:
    """Run the module."""
    text = {"type": "str", "required": True}
    module = AnsibleModule(
        argument_spec={
            "secrets": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {"name": text, "value": text | SHOWN},
            }
            | SHOWN
        },
        supports_check_mode=True,
    )
    api, names, changed = engine_api(module), {}, False
    if module.params["secrets"]:
        swarm = api.inspect_swarm()["ID"]
        present = {found["Spec"]["Name"] for found in api.secrets()}
        for secret in module.params["secrets"]:
            name = secret_name(secret["name"], secret["value"], swarm)
            names[secret["name"]] = name
            if name not in present:
                changed = True
                if not module.check_mode:
                    api.create_secret(name, secret["value"].encode(), labels={LABEL: ""})
    module.exit_json(changed=changed, names=names)


if __name__ == "__main__":
    main()
