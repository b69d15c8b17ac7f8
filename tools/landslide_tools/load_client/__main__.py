"""`python3 -m load_client DIRECTORY`: vote as DIRECTORY/plan.json says.

DIRECTORY/voters has a signed cookie on each line, as many as there are votes, or more. A line for
each vote goes to DIRECTORY/record as soon as it is known what came of it. SIGINT ends the run at
once: what is recorded stands, and votes in hand are recorded as such without an answer. The last
line of the output is JSON: `cpu_seconds`, the client's own CPU time, and `disk_seconds`, the
longest time that a write took to be on this machine's disk.
"""

import asyncio
import json
import resource
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from .disk import DiskWatch
from .plan import Plan
from .run import Run


async def vote(directory: Path) -> None:
    """Vote, until all is done or SIGINT comes."""
    with (
        (directory / "voters").open(encoding="ascii") as voters,
        (directory / "record").open("w", encoding="ascii", buffering=1) as record,
    ):
        run = Run(Plan.read(directory / "plan.json"), map(str.strip, voters), record)
        task = asyncio.create_task(run.run())
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, task.cancel)
        with suppress(asyncio.CancelledError):
            await task


def main() -> None:
    """See above."""
    # A connection for each vote that waits: in an open loop there may be many.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with DiskWatch() as disk:
        asyncio.run(vote(Path(sys.argv[1])))
    print(json.dumps({"cpu_seconds": time.process_time(), "disk_seconds": disk.longest}))


if __name__ == "__main__":
    main()
