"""Who votes: a signed cookie, else the load balancer's request id, else somebody new. No I/O.

A cookie is no identity: who drops it is somebody new. It makes one voter of one browser, which is
what an open poll can do without asking for names.
"""

import hmac
import re
from typing import NamedTuple
from uuid import uuid4

from frontend.refusal import DamagedCookie

VERSION = "2"
UUID_TEXT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


class Voter(NamedTuple):
    """A UUID as text, the time of the last vote in microseconds (0: none yet), and its choice."""

    id: str
    last_cast: int = 0
    last_choice: str = ""


class Electorate:
    """Knows voters by their cookies, and gives new ones their ids."""

    def __init__(self, cookie_key: bytes, edge_token: bytes) -> None:
        self._key = cookie_key
        self._edge_token = edge_token

    def sign(self, voter: Voter) -> str:
        """The cookie's value: `2.UUID.LAST_CAST.LAST_CHOICE.MAC`.

        MAC is the HMAC-SHA256 of all before it, in hex. A choice's key has no dot in it.
        """
        payload = f"{VERSION}.{voter.id}.{voter.last_cast}.{voter.last_choice}"
        return f"{payload}.{self._mac(payload)}"

    def known(self, cookie: str) -> Voter:
        """The voter whom a cookie names; DamagedCookie where we did not sign it."""
        payload, _, mac = cookie.rpartition(".")
        if not (cookie.isascii() and hmac.compare_digest(mac, self._mac(payload))):
            raise DamagedCookie
        version, voter, last_cast, *last_choice = payload.split(".")
        if version != VERSION:
            raise DamagedCookie
        return Voter(voter, int(last_cast), last_choice[0])

    def new(self, edge_token: str, request_id: str) -> Voter:
        """Somebody without a cookie.

        The load balancer marks each request with a UUID that survives its own retries, so that a
        vote it sends twice is one voter's. Only with its token is it the load balancer who says so.
        """
        if hmac.compare_digest(edge_token.encode(), self._edge_token):
            request_id = request_id.lower()
            if UUID_TEXT.fullmatch(request_id):
                return Voter(request_id)
        return Voter(str(uuid4()))

    def _mac(self, payload: str) -> str:
        return hmac.digest(self._key, payload.encode(), "sha256").hex()
