"""Whether ./landslide chaos finds bugs that are planted, one at a time, into a lab.

    ./landslide up -e lab_disk=8G
    export PYTHONPATH=cli:tools:apps:apps/frontend
    .venv/bin/python -m landslide_tools.planted -e lab_disk=8G

Those that show without a lab are tried by tools/tests/load_client/test_planted.py. Each of these is
deployed from a copy of the project, or given to the store, and chaos is told to break what it needs
to show, until it does. The lab's ledger is wrong afterwards: take the lab down.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click
from landslide_cli import ROOT
from landslide_cli.inventory import Inventory, inventory_options

from landslide_tools.load.lab import Lab
from landslide_tools.load.trial import find_lab

from . import bugs
from .bugs import Bug

# What is hidden is no part of it but for these, which the copy shares: it works on the same lab.
SHARED = (".landslide", ".venv")

DEPLOYED = (
    bugs.CAST_BY_THE_FRONTEND,
    bugs.COOKIE_BY_SCHEME,
    Bug(
        "a vote is acknowledged although the queue did not answer",
        "apps/frontend/frontend/queue_client.py",
        """            raise self._unavailable(error) from error
        self._note_success()
""",
        """            return
        self._note_success()
""",
        only="kill -9 of redis",
    ),
    Bug(
        "a worker lets go of ballots before they are committed",
        "apps/worker/worker/session.py",
        """        await self._shared.merger.merge(self.identity, batch, more=more)
        # Only now: whatever ended this worker up to here, its entries are delivered again.
        if not await self._queue.ack(stream, ids):
""",
        """        acknowledged = await self._queue.ack(stream, ids)
        await self._shared.merger.merge(self.identity, batch, more=more)
        if not acknowledged:
""",
        only="kill -9 of pg",
    ),
    Bug(
        "the store commits before a ballot is on its disk",
        "apps/pg/postgresql.conf",
        "synchronous_commit = on",
        "synchronous_commit = off",
        only="power loss of store01 and its disk",
    ),
    # The last: a queue that has forgotten entries may give their numbers to others, which the
    # ledger then takes for the same.
    Bug(
        "a queue acknowledges before a vote is on its disk",
        "apps/redis/redis.conf",
        "appendfsync always",
        "appendfsync everysec",
        only="power loss of frontend01 and its disk",
    ),
)
# The function as it is; and without the line that keeps a later vote from an earlier one.
GUARDED = "SELECT pg_get_functiondef('count_ballots'::regproc)"
GUARD = r"WHERE \(EXCLUDED\.cast_us.*?entry_seq\);"
LATE = "cut between frontend01 and worker01"


def chaos(where: list[str], only: str, rounds: int) -> bool:
    """Break it until it shows; whether it did."""
    for seed in range(rounds):
        command = [str(ROOT / "landslide"), "chaos", *where, "--rounds", "1", "--seconds", "20"]
        said = subprocess.run(
            [*command, "--most", "1", "--seed", str(seed), "--only", only],
            capture_output=True,
            text=True,
            check=False,
        )
        shown = re.findall(r"[\d,]+ (?:LOST|DOUBLED|GHOSTS|STALE)", said.stdout)
        if said.returncode and shown:
            print(f"    caught with seed {seed} ({only}): {', '.join(shown)}", flush=True)
            return True
        last = (said.stdout + said.stderr).strip().splitlines()[-1]
        print(f"    not with seed {seed}: {last}", flush=True)
    return False


def up(directory: Path, where: list[str]) -> None:
    """Deploy the project in `directory`."""
    subprocess.run([directory / "landslide", "up", *where], check=True, stdout=subprocess.DEVNULL)


def deployed(bug: Bug, where: list[str], rounds: int) -> bool:
    """Whether a bug in what is deployed is found."""
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / "landslide"
        shutil.copytree(ROOT, copy, symlinks=True, ignore=shutil.ignore_patterns(".*"))
        for name in SHARED:
            (copy / name).symlink_to(ROOT / name)
        bugs.plant(copy, bug)
        try:
            up(copy, where)
            return chaos(where, bug.only, rounds)
        finally:
            up(ROOT, where)


def unguarded(lab: Lab, where: list[str], rounds: int) -> bool:
    """Whether a store is found in which the vote that comes last counts, whenever it was cast."""
    good = lab.query(GUARDED)[0][0]
    bad, count = re.subn(GUARD, ";", good, flags=re.DOTALL)
    if count != 1:
        raise RuntimeError(f"The store has changed: adapt {Path(__file__).name}")
    lab.query(bad)
    try:
        return chaos(where, LATE, rounds)
    finally:
        lab.query(good)


@click.command()
@inventory_options
@click.option("--rounds", default=5, show_default=True, help="Maximum rounds for each bug.")
def main(inventory: Inventory, rounds: int) -> None:
    """Plant each bug; fail where one is not found."""
    site, _ = find_lab(inventory)
    where = inventory.arguments
    print("an earlier vote that comes later counts", flush=True)
    found = [unguarded(site.lab, where, rounds)]
    for bug in DEPLOYED:
        print(bug.name, flush=True)
        found.append(deployed(bug, where, rounds))
    print(f"{sum(found)} of {len(found)} planted bugs were caught")
    sys.exit(not all(found))


if __name__ == "__main__":
    main()
