"""HMAC-SHA256 (RFC 2104) of many short messages by one key."""

from hashlib import sha256

BLOCK_BYTES = 64
INNER = bytes(byte ^ 0x36 for byte in range(256))
OUTER = bytes(byte ^ 0x5C for byte in range(256))


class Mac:
    """The same as the standard library's `hmac`, which begins with the key for each message anew.

    That is most of the work for messages as short as ours, of which a vote takes three.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) > BLOCK_BYTES:
            key = sha256(key).digest()
        key = key.ljust(BLOCK_BYTES, b"\0")
        self._inner = sha256(key.translate(INNER))
        self._outer = sha256(key.translate(OUTER))

    def hex(self, message: str) -> str:
        """The MAC of a text in UTF-8, as 64 hex digits."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message.encode())
        outer.update(inner.digest())
        return outer.hexdigest()
