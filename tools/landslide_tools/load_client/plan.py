"""What a run is to do. The one layout of it: the command writes it, the load client reads it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class LoadProfile:
    """`votes` in all, for `seconds` at most, whichever ends first.

    Closed loop: `clients` vote at a time, each with a pause of `pause` milliseconds before every
    vote. Open loop, where `arrival_rate` is not 0: so many votes arrive per second, whether others
    are answered or not.

    Shares of the votes, 0 to 1: `changed` are cast by voters who have voted before, `abandon` by
    people who do not wait for the answer and soon choose otherwise, `in_flight` by people who press
    another choice before they have it; `fresh` are sent on connections of their own, `https` by
    HTTPS.
    """

    votes: int
    seconds: float
    clients: int
    changed: float = 0.0
    abandon: float = 0.0
    in_flight: float = 0.0
    fresh: float = 0.0
    https: float = 0.0
    arrival_rate: float = 0.0
    pause: float = 0.0


@dataclass(frozen=True)
class Target:
    """Where to vote: the addresses of the load balancers, as the name `host` has them.

    `cookie` is what the cookie of a new voter is called.
    """

    balancers: list[str]
    cookie: str
    host: str = "votingapp.local"
    http_port: int = 80
    https_port: int = 443


@dataclass(frozen=True)
class Plan:
    """A run: how to vote, where, and what may be chosen."""

    profile: LoadProfile
    target: Target
    choices: list[str]

    def write(self, path: Path) -> None:
        """Write it as a JSON object."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "Plan":
        """Read what `write` has written; TypeError for anything else."""
        plan = json.loads(path.read_text(encoding="utf-8"))
        return cls(LoadProfile(**plan["profile"]), Target(**plan["target"]), plan["choices"])
