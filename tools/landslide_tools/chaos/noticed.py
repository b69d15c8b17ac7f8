"""Which votes failed, as their voters saw it. Pure."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from landslide_tools.load_client.record import Vote

# A frontend waits 2 s for a vote to be on disk; another write may have waited longer than ours.
DISK_SECONDS = 1.0


def held_up(figures: Mapping[str, Any]) -> bool:
    """Say whether this machine's disk, which all machines of a lab share, stopped all frontends.

    Votes that failed then say nothing of the faults.
    """
    return bool(figures["disk_seconds"] > DISK_SECONDS)


def failures(votes: Sequence[Vote], touched: Collection[str]) -> int:
    """Count the votes that failed for their voters.

    A vote that was refused, asked about or not answered has failed; one that its voter did not wait
    for has not. A browser goes to the next address of the site where one lets nobody in, so that a
    load balancer which is gone turns nobody away. What it had in hand it takes with it: there the
    voter presses again, and the vote has failed only if no receipt came of that, either. `touched`
    are the addresses of the load balancers with a fault. `votes` are in the order of sending.
    """
    receipts: dict[str, int] = {}
    for vote in votes:
        if vote.acknowledged:
            receipts[vote.voter] = vote.sent
    return sum(
        not (vote.balancer in touched and _broken(vote) and receipts.get(vote.voter, 0) > vote.sent)
        for vote in votes
        if not vote.acknowledged and not vote.abandoned
    )


def _broken(vote: Vote) -> bool:
    """Whether there was no answer, or the error page of a server."""
    return vote.status == 0 or vote.status >= 500
