"""Tells whether a load balancer can serve a certificate with its key."""

from __future__ import annotations

DOCUMENTATION = r"""
name: certificate_problems
short_description: Tell whether a load balancer can serve a certificate with its key
version_added: 1.1.0
author:
  - Landslide (@landslide)
description:
  - Judges a certificate and a key of the user's own before any host is contacted.
positional: key
options:
  _input:
    description: The certificate and those that it is signed by, in PEM.
    type: str
    required: true
  key:
    description: The private key, in PEM.
    type: str
    required: true
requirements:
  - cryptography, as for community.crypto
"""

EXAMPLES = r"""
problems: >-
  {{ lookup('file', site_certificate)
     | landslide.voting.certificate_problems(lookup('file', site_key)) }}
"""

RETURN = r"""
_value:
  description: A sentence for each problem.
  type: list
  elements: str
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any


def certificate_problems(certificate: str, key: str) -> list[str]:
    """Return a sentence for each problem; the arguments are documented above."""
    # Here, because Ansible reads plugins' documentation where there may be no such package.
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificates

    problems: list[str] = []
    chain, private = [], None
    try:
        chain = load_pem_x509_certificates(certificate.encode())
    except ValueError:
        problems.append("site_certificate is not a file of certificates in PEM")
    try:
        private = load_pem_private_key(key.encode(), None)
    except TypeError:
        problems.append("site_key has a passphrase, which nobody can type on the load balancers")
    except ValueError:
        problems.append("site_key is not a file with a private key in PEM")
    for one in chain:
        name = one.subject.rfc4514_string() or "without a name"
        if one.not_valid_after_utc < datetime.now(UTC):
            problems.append(
                f"site_certificate has expired: {name} was valid until "
                f"{one.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
            )
        elif one.not_valid_before_utc > datetime.now(UTC):
            problems.append(
                f"site_certificate is not valid yet: {name} is valid from "
                f"{one.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
            )
    if chain and private and public_key(chain[0]) != public_key(private):
        problems.append(
            "site_key is not the key of site_certificate, whose first certificate has to be the "
            "site's own"
        )
    return problems


def public_key(owner: Any) -> bytes:
    """Return the public key of a certificate or a private key, in one and the same form."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    encoded: bytes = owner.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    return encoded


class FilterModule:
    """Hands the filter to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"certificate_problems": certificate_problems}
