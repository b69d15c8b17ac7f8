"""Which workers read which queues: no worker is told, each finds the same answer by itself.

Rendezvous hashing (Thaler and Ravishankar, 1996): a worker that comes or goes changes the readers
of those queues only that it reads, and of no other.
"""

from collections.abc import Collection, Iterable, Mapping
from hashlib import blake2b
from typing import NamedTuple

READERS = 2
# Beats of ours without one of a worker's, until it is gone. What holds up the store holds up both.
PATIENCE = 10


class Member(NamedTuple):
    """A worker as the store knows it: its name, its count of beats, and queues out of its reach."""

    name: str
    beat: int
    unreached: Collection[str]


def readers(queue: str, workers: Mapping[str, Collection[str]]) -> set[str]:
    """Who reads the queue at an address; `workers` are those alive, and what each cannot reach.

    The first two by rank that reach it, and whoever ranks above them and does not: these try on, so
    that it shows when they can. All, where fewer than two reach it.
    """
    chosen: set[str] = set()
    reaching = 0
    for name in sorted(workers, key=lambda name: _rank(name, queue), reverse=True):
        chosen.add(name)
        reaching += queue not in workers[name]
        if reaching == READERS:
            break
    return chosen


def _rank(name: str, queue: str) -> bytes:
    return blake2b(f"{name} {queue}".encode(), digest_size=8).digest()


class Roster:
    """Tells workers that are alive from what is left of others, as seen by the worker `name`.

    By no clock: a worker is gone that has not beaten while this one did PATIENCE times.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._unmoved: dict[tuple[str, int], int] = {}

    def look(self, members: Iterable[Member]) -> tuple[dict[str, Collection[str]], list[Member]]:
        """After each beat: for `readers` the workers that are alive, and those that are gone."""
        seen = {member[:2]: member for member in members}
        self._unmoved = {key: self._unmoved.get(key, -1) + 1 for key in seen}
        gone = [
            member
            for key, member in seen.items()
            if self._unmoved[key] >= PATIENCE and member.name != self._name
        ]
        alive = {m.name: m.unreached for m in seen.values() if m not in gone}
        return alive, gone
