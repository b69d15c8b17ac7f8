"""Finds what is wrong with the HTTP proxy that hosts are to use."""

from __future__ import annotations

DOCUMENTATION = r"""
name: proxy_problems
short_description: Find what is wrong with the HTTP proxy that hosts are to use
version_added: 1.1.0
author:
  - Landslide (@landslide)
description:
  - Judges C(common_http_proxy) and C(common_no_proxy) of all hosts. The former may have a password
    in it, and is never part of a sentence.
positional: hosts
options:
  _input:
    description: The variables of each host.
    type: dict
    required: true
  hosts:
    description: The hosts to be judged.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
problems: "{{ hostvars | landslide.voting.proxy_problems(groups['all']) }}"
"""

RETURN = r"""
_value:
  description: A sentence for each problem.
  type: list
  elements: str
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

# Neither quotes nor $: a shell and systemd read it, too.
USER = r"[\w.~!&()*+,;=%-]+"
PROXY = re.compile(
    rf"https?://({USER}(:{USER})?@)?([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\]):[0-9]{{1,5}}/?", re.ASCII
)
# A name, an address, or a network
EXCEPTION = re.compile(r"[\w.:/*-]+", re.ASCII)


def proxy_problems(hostvars: Mapping[str, Mapping[str, Any]], hosts: Iterable[str]) -> list[str]:
    """Return a sentence for each problem; the arguments are documented above."""
    hosts_with: dict[str, list[str]] = {}
    for host in hosts:
        for problem in problems_of(hostvars[host]):
            hosts_with.setdefault(problem, []).append(host)
    return [f"{', '.join(names)}: {problem}" for problem, names in hosts_with.items()]


def problems_of(variables: Mapping[str, Any]) -> Iterator[str]:
    """Say what is wrong with the settings of one host."""
    proxy = variables.get("common_http_proxy") or ""
    if proxy and not (isinstance(proxy, str) and PROXY.fullmatch(proxy)):
        yield (
            "common_http_proxy is not http://HOST:PORT or http://USER:PASSWORD@HOST:PORT; what is "
            "no letter or digit in a user or password is written as % and its two digits"
        )
    exceptions = variables.get("common_no_proxy", [])
    if not isinstance(exceptions, list):
        yield "common_no_proxy is no list"
        return
    for exception in exceptions:
        if not EXCEPTION.fullmatch(str(exception)):
            yield f"common_no_proxy has {exception!r}, which is no name, address or network"


class FilterModule:
    """Hands the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"proxy_problems": proxy_problems}
