"""Who watches, and who gives way where all room is taken."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network


@dataclass(eq=False)
class Viewer:
    """One stream. It is woken when there is news or when it has to end."""

    address: str
    news: asyncio.Event = field(default_factory=asyncio.Event)
    dismissed: bool = False


class Viewers:
    """At most `room` streams, shared out fairly among addresses (max-min fairness).

    As long as there is room nobody is refused: a shared network is one address of many viewers.
    Then a newcomer takes the place of the oldest stream of the address that has most, unless his
    own would have as many.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        # By age.
        self._viewers: dict[Viewer, None] = {}
        self._of_address: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._viewers)

    def admits(self, address: str) -> bool:
        """Whether there is a place for one more stream of this address."""
        if len(self) < self._room:
            return True
        return self._of_address[address] + 1 < max(self._of_address.values())

    @contextmanager
    def joined(self, address: str) -> Iterator[Viewer]:
        """A stream of an address that `admits` has let in, for as long as it lasts."""
        if len(self) >= self._room:
            self._dismiss_one()
        viewer = Viewer(address)
        self._viewers[viewer] = None
        self._of_address[address] += 1
        try:
            yield viewer
        finally:
            self._leave(viewer)

    def wake(self) -> None:
        """Tell everybody that there is news."""
        for viewer in self._viewers:
            viewer.news.set()

    def _dismiss_one(self) -> None:
        ((most, _),) = self._of_address.most_common(1)
        oldest = next(viewer for viewer in self._viewers if viewer.address == most)
        oldest.dismissed = True
        oldest.news.set()
        self._leave(oldest)

    def _leave(self, viewer: Viewer) -> None:
        # One that was dismissed has left already.
        if viewer in self._viewers:
            del self._viewers[viewer]
            self._of_address[viewer.address] -= 1
            if not self._of_address[viewer.address]:
                del self._of_address[viewer.address]


def viewer_address(peer: str, forwarded_for: str, load_balancers: frozenset[str]) -> str:
    """The address of who asks: the last that a load balancer names, or the connection's own.

    An IPv6 user has a /64 all to himself: it counts as one address.
    """
    address = forwarded_for.rpartition(",")[2].strip() if peer in load_balancers else peer
    try:
        return str(ip_network(f"{address}/64", strict=False)) if ":" in address else address
    except ValueError:
        return address
