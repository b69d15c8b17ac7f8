"""The Docker SDK for Python; a module says so where it is missing."""

from __future__ import annotations

import traceback
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

try:
    import docker
except ImportError:
    MISSING = traceback.format_exc()
else:
    MISSING = ""


def engine_api(module: AnsibleModule) -> Any:
    """Return the API of this machine's engine, or let the module fail."""
    if MISSING:
        module.fail_json(msg=missing_required_lib("docker"), exception=MISSING)
    return docker.from_env().api
