"""How much each read may bring, so that what a worker holds does not grow with its queues."""

# Batches: one is being stored, and others are on their way from their queues and back to them.
IN_HAND = 4


class Allowance:
    """Entries that may be in hand: IN_HAND batches, and up to as many again where queues hang.

    Where few queues have anything, each read may bring a batch. What others have taken, and do not
    give back because their queue hangs, leaves each queue its share.
    """

    def __init__(self, batch_size: int) -> None:
        self._batch_size = batch_size
        self._total = IN_HAND * batch_size
        self._taken = 0
        self.queues = 1

    def take(self) -> int:
        """How many entries may be read now. Give back all that are not in hand, or no more."""
        share = self._total // max(self.queues, IN_HAND)
        entries = max(1, share, min(self._batch_size, self._total - self._taken))
        self._taken += entries
        return entries

    def give_back(self, entries: int) -> None:
        self._taken -= entries
