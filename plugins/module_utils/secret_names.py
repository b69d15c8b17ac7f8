"""Names for the Swarm's secrets, and fingerprints that tell nobody what a value is."""

from __future__ import annotations

import hashlib

# On each secret that landslide.voting.swarm_secrets makes.
LABEL = "landslide.secret"
# As RFC 7914 has it for interactive use: 16 MiB of memory for each guess.
COST = {"n": 2**14, "r": 8, "p": 1, "dklen": 16}


def fingerprint(value: str, salt: bytes) -> str:
    """Return the salted scrypt hash of a value, as hexadecimal digits."""
    return hashlib.scrypt(value.encode(), salt=salt, **COST).hex()


def secret_name(name: str, value: str, swarm: str) -> str:
    """Return the name of the secret that holds a value; ``swarm`` is the Swarm's ID.

    Whoever may read services knows their secrets' names. The ID, without which no guess can be
    tried, only managers tell.
    """
    return f"{name}_{fingerprint(value, swarm.encode())[:12]}"
