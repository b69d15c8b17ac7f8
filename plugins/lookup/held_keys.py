"""Reads which secrets and authorities a controller has, and makes none."""

from __future__ import annotations

DOCUMENTATION = r"""
name: held_keys
short_description: Read which secrets and authorities a controller has, and make none
version_added: 1.1.0
author:
  - Landslide (@landslide)
description:
  - Unlike P(ansible.builtin.password#lookup), it leaves a state directory as it is.
options:
  _terms:
    description: The state directory.
    type: list
    elements: str
    required: true
  secrets:
    description: The names of all secrets.
    type: list
    elements: str
    required: true
  given:
    description: Secrets by their names that are not the state directory's, but the inventory's.
    type: dict
    default: {}
  accepted:
    description: Values by the names of secrets and authorities that are accepted besides.
    type: dict
    default: {}
"""

EXAMPLES = r"""
held: "{{ lookup('landslide.voting.held_keys', cluster_state_directory, secrets=['test_token']) }}"
"""

RETURN = r"""
_list:
  description:
    - P(landslide.voting.cluster_keys#filter) takes C(values) and C(pending), values by the names of
      the secrets, of C(poll_id), and of the authorities.
  type: list
  elements: dict
"""

from pathlib import Path
from typing import Any

from ansible.plugins.lookup import LookupBase

# An authority's name and its directory.
AUTHORITIES = {
    "registry_authority": "registry",
    "swarm_api_authority": "swarm-api",
    "internal_authority": "internal",
    "site_authority": "site",
}


def read(file: Path) -> list[str]:
    """Return the content of a file, or nothing if there is none."""
    return [file.read_text(encoding="utf-8").strip()] if file.is_file() else []


class LookupModule(LookupBase):  # type: ignore[misc]  # Ansible has no types
    """Hands the lookup to Ansible."""

    def run(
        self, terms: list[str], variables: dict[str, Any] | None = None, **options: Any
    ) -> list[dict[str, Any]]:
        """Return what is documented above."""
        (directory,) = map(Path, terms)
        given, accepted = options.get("given", {}), options.get("accepted", {})
        values = {}
        pending = {}
        for name in options["secrets"]:
            own = directory / "secrets" / name
            first = [given[name]] if name in given else read(own)
            values[name] = [*first, *accepted.get(name, [])]
            pending[name] = "".join(read(own.with_name(f"{name}.next")))
        values["poll_id"] = read(directory / "poll_id")
        for name, place in AUTHORITIES.items():
            values[name] = [*read(directory / "pki" / place / "ca.crt"), *accepted.get(name, [])]
            pending[name] = "".join(read(directory / "pki.next" / place / "ca.crt"))
        return [{"values": values, "pending": pending}]
