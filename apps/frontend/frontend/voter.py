"""Who votes: what a signed cookie says of a browser, and the cookies themselves. No I/O.

A cookie is no identity: who drops it is somebody new. It makes one voter of one browser, which is
what an open poll can do without asking for names.
"""

import re
from collections.abc import Sequence
from hmac import compare_digest
from typing import NamedTuple
from uuid import UUID, uuid5

from common import voter_cookie

from frontend.ballot import MAX_CAST, MIN_CAST
from frontend.mac import Mac

VERSION = "3"
# Of the ids of voters whose first cookie a load balancer made.
NEW_VOTERS = UUID("1c7d63de-0f4b-4a35-9a4c-5f6d1f6a7e2b")
# Of version 1.0.0: `2.UUID.LAST_CAST.LAST_CHOICE.MAC`, under a name that any site of the same
# parent domain can set. A cookie of version 3 is never taken from there.
OLD_VERSION = "2"
OLD_NAME = "voter"


class Voter(NamedTuple):
    """A UUID as text, and what the browser has a receipt for. Times are casts in microseconds, 0
    for none.

    `acknowledged` is the time of the last vote that has a receipt, and `choice` its choice. `last`
    is the highest time ever used, receipt or not.
    """

    id: str
    acknowledged: int = 0
    last: int = 0
    choice: str = ""

    @property
    def in_doubt(self) -> bool:
        """Whether a later vote was sent than the acknowledged one, and nobody knows of it."""
        return self.last > self.acknowledged


class VoterCookieSigner:
    """Signs and knows voters' cookies. The first of the keys signs; each of them is known.

    By each of `new_voter_keys` it knows those that load balancers make for whoever has none.
    """

    def __init__(
        self,
        keys: Sequence[bytes],
        new_voter_keys: Sequence[bytes] = (),
        *,
        https_only: bool = False,
    ) -> None:
        self._macs = tuple(map(Mac, keys))
        self._new_macs = tuple(map(Mac, new_voter_keys))
        self.name = voter_cookie.name(https_only=https_only)
        self._values = re.compile(rf"(?:^|;)[ \t]*{self.name}=([^; \t]*)").findall
        self._old_values = re.compile(rf"(?:^|;)[ \t]*{OLD_NAME}=([^; \t]*)").findall
        self._https_only = https_only
        self._flags = voter_cookie.flags(https_only=https_only)

    def read(self, header: str) -> Voter | None:
        """The voter whom a Cookie header names, by the first cookie that we signed.

        Other sites may have set cookies of our name: these are passed over.
        """
        voter = next(filter(None, map(self.known, self._values(header))), None)
        if voter and (voter.last or self._https_only):
            return voter
        # While 1.0.0 is updated, an old frontend may take the vote from a page of a new one: it
        # knows nothing of this cookie, and sets its own. HTTPS only protects from planted ones.
        old = next(filter(None, map(self._known_1_0, self._old_values(header))), None)
        return old if old and (old.last or not voter) else voter

    def set_cookie(self, voter: Voter) -> str:
        """The value of a Set-Cookie header. Nothing in it needs quoting."""
        return f"{self.name}={self.sign(voter)}{self._flags}"

    def sign(self, voter: Voter) -> str:
        """The cookie's value: `3.UUID.ACKNOWLEDGED.LAST.CHOICE.MAC`.

        MAC is the HMAC-SHA256 of all before it, in hex. A choice's key has no dot in it.
        """
        payload = f"{VERSION}.%s.%d.%d.%s" % voter
        return f"{payload}.{self._macs[0].hex(payload)}"

    def known(self, value: str) -> Voter | None:
        """The voter of a cookie's value; None where neither we nor a load balancer signed it."""
        if value.startswith(f"{voter_cookie.NEW}."):
            return self._known_new(value)
        fields = _signed(value, self._macs)
        if fields[0] != VERSION:
            return None
        _, voter, acknowledged, last, choice = fields
        return Voter(voter, int(acknowledged), int(last), choice)

    def _known_new(self, value: str) -> Voter | None:
        """Somebody who has not voted. The id does not tell what it was made of: whoever has the key
        and the ledger cannot make a cookie for a voter who is in there."""
        fields = _signed(value, self._new_macs)
        return Voter(str(uuid5(NEW_VOTERS, fields[1]))) if len(fields) == 2 else None

    def _known_1_0(self, value: str) -> Voter | None:
        fields = _signed(value, self._macs)
        if fields[0] != OLD_VERSION:
            return None
        _, voter, last_cast, choice = fields
        last = int(last_cast)
        if not MIN_CAST <= last <= MAX_CAST:
            # By a frontend's wrong clock: workers rejected that vote, and would reject the next.
            return Voter(voter)
        return Voter(voter, last, last, choice)


def _signed(value: str, macs: Sequence[Mac]) -> list[str]:
    """The fields of a value with the MAC of one of `macs`, else one that is no version."""
    payload, _, mac = value.rpartition(".")
    if value.isascii():
        for ours in macs:
            if compare_digest(mac, ours.hex(payload)):
                return payload.split(".")
    return [""]
