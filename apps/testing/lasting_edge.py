"""A HAProxy that serves more than one test, as Interlock configures it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from interlock.topology import Service

from .edge import Edge
from .haproxy_server import HAProxyServer


@contextmanager
def lasting_edge(
    directory: Path,
    binary: Path,
    certificates: Path,
    edge_token: str,
    new_voter_key: str,
    *services: Service,
) -> Iterator[Edge]:
    """An edge in front of `services`; see testing.edge, and SwarmApi for `certificates`."""
    started: list[HAProxyServer] = []

    def make(config: Path) -> HAProxyServer:
        started.append(HAProxyServer(binary, config))
        return started[0]

    with pytest.MonkeyPatch.context() as patch:
        # As in the image, where HAProxy is simply `haproxy`.
        patch.setenv("PATH", str(binary.parent), prepend=":")
        edge = Edge(directory, certificates / "site.pem", make)
        edge.change(edge_token=edge_token, new_voter_key=new_voter_key)
        try:
            edge.begin(*services)
            yield edge
        finally:
            started[0].kill()
