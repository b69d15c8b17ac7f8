"""Keys of TLS session tickets, by which any load balancer goes on with a session of another. Pure.

All derive them from one secret and the hour, so that none has to be told. HAProxy has three, the
last hour's, this one's and the next one's: it encrypts by the last but one, and accepts each, so
that a clock may differ by an hour (HAProxy configuration manual, "tls-ticket-keys").
"""

import hmac
from base64 import b64encode

HOUR = 3600
# HAProxy's with AES-256: a name, a key of AES and one of HMAC-SHA256.
_BYTES = 80


def keys(secret: str, now: float) -> tuple[str, ...]:
    """The keys at `now`, in seconds since the epoch, oldest first, in Base64."""
    hour = int(now) // HOUR
    return tuple(_key(secret.encode(), each) for each in (hour - 1, hour, hour + 1))


def _key(secret: bytes, hour: int) -> str:
    parts = [hmac.digest(secret, f"ticket {hour} {n}".encode(), "sha512") for n in range(2)]
    return b64encode(b"".join(parts)[:_BYTES]).decode()
