"""A HAProxy that serves more than one test, as Interlock configures it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from interlock.runtime import HAProxyError
from interlock.topology import Service

from .edge import Edge
from .haproxy_server import HAProxyServer


def begin(edge: Edge, *services: Service) -> None:
    """Start an edge in front of `services`."""
    # Its configuration has to be there before HAProxy is.
    with pytest.raises(HAProxyError, match="does not answer"):
        edge.bring_to(*services)
    edge.start()
    edge.bring_to(*services)


@contextmanager
def lasting_edge(
    directory: Path, binary: Path, certificates: Path, edge_token: str, *services: Service
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
        edge.change(edge_token=edge_token)
        try:
            begin(edge, *services)
            yield edge
        finally:
            started[0].kill()
