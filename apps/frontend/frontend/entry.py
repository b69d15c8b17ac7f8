"""What is in an entry of the queue (format 2), and what its MACs say. No I/O.

The fields are, in this order: poll, voter, choice, cast, flag, node, boot, seq, mac. Whoever
certifies checks the MAC, and that the numbers (`seq`) of each writer (`boot`) have no gaps.
"""

from frontend.ballot import Ballot
from frontend.mac import Mac
from frontend.poll import Poll

FORMAT = "2"
# Of a voter; a later version flags some.
FLAG = "0"
MAC_DIGITS = 32


class Entries:
    """Makes the values of entries for one poll and one node, by the frontends' key."""

    def __init__(self, poll: Poll, node: str, key: bytes) -> None:
        self._poll = poll
        self._node = node
        self._mac = Mac(key)

    def values(self, ballot: Ballot, boot: str, seq: int) -> tuple[str, ...]:
        """The values of an entry's nine fields."""
        voter, choice, cast = ballot
        values = (self._poll.id, voter, choice, str(cast), FLAG, self._node, boot, str(seq))
        return (*values, self._mac.hex("\t".join(values))[:MAC_DIGITS])

    def doubt(self, boot: str, seq: int) -> tuple[str, str]:
        """Field and value of the note that an entry may or may not have been stored."""
        message = "\t".join(("doubt", self._poll.id, self._node, boot, str(seq)))
        return f"{boot}:{seq}", self._mac.hex(message)[:MAC_DIGITS]

    def refused(self, accepted: bytes | None) -> str:
        """Why workers that accept this would reject our entries; empty where they would not.

        They say it as `2 POLL_ID KEY,KEY,...`.
        """
        if accepted is None:
            return "no worker has said yet what it accepts"
        version, _, rest = accepted.decode(errors="replace").partition(" ")
        poll, _, keys = rest.partition(" ")
        if version != FORMAT:
            return f"the workers accept entries of format {version}, not {FORMAT}"
        if poll != self._poll.id:
            return f"the workers have the poll {poll}, not {self._poll.id}"
        if missing := self._poll.keys - set(keys.split(",")):
            return f"the workers' poll lacks {', '.join(sorted(missing))}"
        return ""
