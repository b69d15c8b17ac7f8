"""What a run is to do."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple


@dataclass(frozen=True)
class Plan:
    """`votes` in all, for `seconds` at most, whichever ends first.

    Closed-loop with `clients` that vote at a time, each with a pause of `pause` milliseconds before
    every vote; open-loop where `rate` is not 0: so many votes a second, whoever is answered.

    Shares of the votes, 0 to 1: `changed` are cast by voters who have voted before, `abandon` by
    people who do not wait for the answer, `in_flight` by people who press another choice before
    they have it; `fresh` are sent on connections of their own, `https` by HTTPS.

    `balancers` are the addresses of the load balancers, as the name of the site has them; `host`
    is that name. `cookie` is what the cookies in the file of voters are called.
    """

    votes: int
    seconds: float
    clients: int
    rate: float
    pause: float
    changed: float
    abandon: float
    in_flight: float
    fresh: float
    https: float
    host: str
    balancers: list[str]
    http_port: int
    https_port: int
    choices: list[str]
    cookie: str

    @classmethod
    def read(cls, path: Path) -> "Plan":
        """Read a JSON object with all of these, and nothing else."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))


class Vote(NamedTuple):
    """A vote that was sent, and what came of it, as a line of the record has it.

    `sent` is when it was about to be sent, in microseconds since the epoch; `took`, in
    microseconds, is how long it took to the answer, or until there was to be none. Without an
    answer `status` is 0; without a receipt `cast`, the time that the receipt tells, is 0.
    `known` is the latest cast time that the voter's cookie knew of when it was sent.
    """

    voter: str
    choice: str
    sent: int
    took: int
    status: int
    cast: int
    known: int
    balancer: str
    abandoned: bool

    def line(self) -> str:
        """The line, with its end."""
        return " ".join(map(str, (*self[:-1], int(self.abandoned)))) + "\n"
