"""The voters of a run, who come with cookies as frontends sign them."""

import time
from collections.abc import Iterable
from pathlib import Path
from random import getrandbits
from uuid import UUID

from frontend.voter import Voter, VoterCookieSigner


def new_voter() -> str:
    """Return a UUIDv7 (RFC 9562, 5.7), which is what the load balancer makes of a new voter."""
    milliseconds = time.time_ns() // 1_000_000
    return str(
        UUID(int=milliseconds << 80 | 7 << 76 | getrandbits(12) << 64 | 2 << 62 | getrandbits(62))
    )


def write_voters(path: Path, voters: Iterable[str], cookie_key: bytes) -> None:
    """Write the cookie that a frontend gives each of `voters`, UUIDs as text, on a line each."""
    signer = VoterCookieSigner([cookie_key])
    with path.open("w", encoding="ascii") as file:
        file.writelines(f"{signer.sign(Voter(voter))}\n" for voter in voters)
