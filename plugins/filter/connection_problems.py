"""Tells whether the store has a connection for each worker."""

from __future__ import annotations

DOCUMENTATION = r"""
name: connection_problems
short_description: Tell whether the store has a connection for each worker
version_added: 1.1.0
author:
  - Landslide (@landslide)
description:
  - A worker has one connection to the store, however many queues it reads. While it is updated, and
    where its node died without a word, the one before it may have one, too.
positional: configuration
options:
  _input:
    description: The groups of the inventory with their hosts, as the variable C(groups) holds them.
    type: dict
    required: true
  configuration:
    description: The text of C(postgresql.conf).
    type: str
    required: true
"""

EXAMPLES = r"""
problems: "{{ groups | landslide.voting.connection_problems('max_connections = 100') }}"
"""

RETURN = r"""
_value:
  description: A sentence for each problem.
  type: list
  elements: str
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

CONNECTIONS_OF_A_WORKER = 2
# The results app, the overview, what operators run in the store's container, and the three that
# Postgres keeps for its superuser.
OTHERS = 20


def connection_problems(groups: Mapping[str, Sequence[str]], configuration: str) -> list[str]:
    """Return a sentence for each problem; the arguments are documented above."""
    found = re.search(r"^max_connections = (\d+)$", configuration, re.MULTILINE)
    if not found:
        return ["postgresql.conf has no line max_connections = NUMBER"]
    limit = int(found[1])
    workers = len(groups.get("worker", ()))
    theirs = workers * CONNECTIONS_OF_A_WORKER
    if theirs + OTHERS <= limit:
        return []
    return [
        f"{workers} workers may take {theirs} connections to the store, and others {OTHERS}: that "
        f"is more than the {limit} of max_connections in apps/pg/postgresql.conf. At most "
        f"{(limit - OTHERS) // CONNECTIONS_OF_A_WORKER} workers fit"
    ]


class FilterModule:
    """Hands the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"connection_problems": connection_problems}
