"""Adds the inventory's settings of a Docker engine to its owner's."""

from __future__ import annotations

DOCUMENTATION = r"""
name: daemon_settings
short_description: Add the inventory's settings of a Docker engine to its owner's
version_added: 1.1.0
author:
  - Landslide (@landslide)
description:
  - Keeps what is in C(daemon.json) but what the inventory had set at the last run, and adds what
    it wants now.
positional: before, wanted
options:
  _input:
    description: The text of C(daemon.json), empty where there is none.
    type: str
    required: true
  before:
    description: The text of the record of what was wanted at the last run, empty where none is.
    type: str
    required: true
  wanted:
    description: The settings that the inventory wants.
    type: dict
    required: true
"""

EXAMPLES = r"""
settings: "{{ '{\"mtu\": 1400}' | landslide.voting.daemon_settings('', {'log-driver': 'local'}) }}"
"""

RETURN = r"""
_value:
  description: The settings.
  type: dict
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.landslide.voting.plugins.module_utils.preflight.daemon import merge, parse


def daemon_settings(found: str, before: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings; the arguments are documented above."""
    return merge(parse(found), parse(before), wanted)


class FilterModule:
    """Hands the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"daemon_settings": daemon_settings}
