"""Tells whether a controller has the secrets and authorities of a cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_keys
short_description: Tell whether a controller has the secrets and authorities of a cluster
version_added: 1.1.0
author:
  - Landslide (@landslide)
description:
  - Compares what this controller has with the fingerprints that the cluster keeps as labels of its
    Swarm, before anything is changed, and makes those labels.
  - A fingerprint is a salted scrypt hash, for a user may have chosen a weak password. A plain hash
    of one could be looked up.
  - A cluster that has no fingerprint of a key yet is asked by the names of the secrets that its
    services use, which end with a hash of their content; in version 1.0, with a plain one.
  - A controller has to have every value that the cluster knows, so that one with a copy from before
    a rotation is refused, too.
positional: labels, used, pending, swarm
options:
  _input:
    description:
      - The values of each key by its name. The first one is used, the others are accepted besides
        while it is being rotated. Empty where this controller has none.
    type: dict
    required: true
  labels:
    description: The labels of the Swarm. Empty where there is none yet.
    type: dict
    required: true
  used:
    description: The names of the secrets that services use, C(NAME_HASH).
    type: list
    elements: str
    required: true
  pending:
    description: Values by their keys' names that a rotation which was interrupted has made already.
    type: dict
    default: {}
  swarm:
    description: The ID of the Swarm, which is part of those hashes.
    type: str
    default: ""
seealso:
  - module: community.docker.docker_swarm
"""

EXAMPLES = r"""
compared: >-
  {{ {'cookie_key': ['abc', 'def'], 'test_token': []}
     | landslide.voting.cluster_keys({}, ['cookie_key_ba7816bf8f01', 'test_token_cb8379ac2098']) }}
"""

RETURN = r"""
_value:
  description: What came of it.
  type: dict
  contains:
    missing:
      description: The names of keys that the cluster has and this controller has not.
      type: list
      elements: str
    different:
      description: The names of keys of which the cluster has another value.
      type: list
      elements: str
    labels:
      description: The labels that the Swarm should have, those of others included.
      type: dict
"""

import hashlib
import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import permutations
from typing import Any

from ansible_collections.landslide.voting.plugins.module_utils import secret_names

PREFIX = "landslide.key."
SCHEME = "scrypt"
# As landslide.voting.swarm_secrets names secrets.
NAMED = re.compile(r"(.+)_([0-9a-f]{12})")
# The secrets that hold an authority's certificate.
SECRET_OF = {"swarm_api_authority": "swarm_api_ca"}


def cluster_keys(
    keys: Mapping[str, Sequence[str]],
    labels: Mapping[str, str],
    used: Iterable[str],
    pending: Mapping[str, str] | None = None,
    swarm: str = "",
) -> dict[str, Any]:
    """Compare keys; the arguments and the result are documented above."""
    in_use: dict[str, set[str]] = {}
    for named in filter(None, map(NAMED.fullmatch, used)):
        in_use.setdefault(named[1], set()).add(named[2])
    missing: list[str] = []
    different: list[str] = []
    wanted = dict(labels)
    for name, values in keys.items():
        held = [*values, *filter(None, [(pending or {}).get(name)])]
        label = labels.get(PREFIX + name)
        if label is None:
            known = in_use.get(SECRET_OF.get(name, name), set())
            # Of a cluster that was rolled out by halves, one of both is enough.
            same, kept = not known or not known.isdisjoint(hashes(held, swarm)), False
        else:
            salt, known = parsed(label)
            fingerprints = [fingerprint(value, salt) for value in held]
            same, kept = known <= set(fingerprints), known == set(fingerprints[: len(values)])
        if not same:
            (different if held else missing).append(name)
        if values and not kept:
            wanted[PREFIX + name] = made(values)
    return {"missing": missing, "different": different, "labels": wanted}


def made(values: Iterable[str]) -> str:
    """Return the label for the values of a key, with a new salt."""
    salt = secrets.token_bytes(16)
    fingerprints = sorted({fingerprint(value, salt) for value in values})
    return f"{SCHEME}:{salt.hex()}:{','.join(fingerprints)}"


def parsed(label: str) -> tuple[bytes, set[str]]:
    """Return salt and fingerprints of a label; raises `ValueError` if it is not one of ours."""
    scheme, salt, fingerprints = label.split(":")
    if scheme != SCHEME:
        raise ValueError(f"the cluster's fingerprints are made by {scheme}: update Landslide")
    return bytes.fromhex(salt), set(fingerprints.split(","))


def fingerprint(value: str, salt: bytes) -> str:
    """Return the fingerprint of a value; white space around it is none of its."""
    return secret_names.fingerprint(value.strip(), salt)


def hashes(values: Iterable[str], swarm: str) -> set[str]:
    """Return the hashes that a secret may be named by which holds one or two of the values."""
    contents = [value.strip() for value in values]
    lines = map("\n".join, [*permutations(contents, 1), *permutations(contents, 2)])
    return {
        digits[:12]
        for line in lines
        for digits in (
            secret_names.fingerprint(line, swarm.encode()),
            hashlib.sha256(line.encode()).hexdigest(),
        )
    }


class FilterModule:
    """Hands the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"cluster_keys": cluster_keys}
