"""Who votes: a signed cookie, else the load balancer's request id, else somebody new. No I/O.

A cookie is no identity: who drops it is somebody new. It makes one voter of one browser, which is
what an open poll can do without asking for names.
"""

import hmac
import re
from typing import NamedTuple
from uuid import uuid4

from frontend.refusal import DamagedCookie

VERSION = "1"
UUID_TEXT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


class Voter(NamedTuple):
    """A UUID as text, and the time of the last vote in microseconds (0: none yet)."""

    id: str
    last_cast: int


class Electorate:
    """Knows voters by their cookies, and gives new ones their ids."""

    def __init__(self, cookie_key: bytes, edge_token: bytes) -> None:
        self._key = cookie_key
        self._edge_token = edge_token

    def sign(self, voter: Voter) -> str:
        """The cookie's value: `1.UUID.LAST_CAST.MAC`, with the HMAC-SHA256 of the rest in hex."""
        payload = f"{VERSION}.{voter.id}.{voter.last_cast}"
        return f"{payload}.{self._mac(payload)}"

    def known(self, cookie: str) -> Voter:
        """The voter whom a cookie names; DamagedCookie where we did not sign it."""
        payload, _, mac = cookie.rpartition(".")
        if not (cookie.isascii() and hmac.compare_digest(mac, self._mac(payload))):
            raise DamagedCookie
        _, voter, last_cast = payload.split(".")
        return Voter(voter, int(last_cast))

    def new(self, edge_token: str, request_id: str) -> Voter:
        """Somebody without a cookie.

        The load balancer marks each request with a UUID that survives its own retries, so that a
        vote it sends twice is one voter's. Only with its token is it the load balancer who says so.
        """
        if hmac.compare_digest(edge_token.encode(), self._edge_token):
            request_id = request_id.lower()
            if UUID_TEXT.fullmatch(request_id):
                return Voter(request_id, 0)
        return Voter(str(uuid4()), 0)

    def _mac(self, payload: str) -> str:
        return hmac.digest(self._key, payload.encode(), "sha256").hex()
