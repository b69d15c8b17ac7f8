"""TLS between the services, with certificates of the cluster's internal authority."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from common.settings import file


@dataclass(frozen=True)
class InternalTLS:
    """The authority's certificate, and this service's own one with its key: files in PEM."""

    ca: Path
    certificate: Path
    key: Path

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "InternalTLS":
        """Those in TLS_DIRECTORY. Raises ValueError, naming one that is missing."""
        directory = environ.get("TLS_DIRECTORY", "/run/secrets")
        names = ("internal_ca", "internal_certificate", "internal_key")
        return cls(*(file({name: f"{directory}/{name}"}, name) for name in names))

    @cached_property
    def client(self) -> ssl.SSLContext:
        """For connections to servers, whose names are checked."""
        return self._context(ssl.PROTOCOL_TLS_CLIENT)

    @cached_property
    def server(self) -> ssl.SSLContext:
        """For connections from clients of any kind."""
        context = self._context(ssl.PROTOCOL_TLS_SERVER)
        # Each is a good part of a handshake, and clients use the last one.
        context.num_tickets = 1
        return context

    def _context(self, protocol: int) -> ssl.SSLContext:
        context = ssl.SSLContext(protocol)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_verify_locations(self.ca)
        context.load_cert_chain(self.certificate, self.key)
        return context
