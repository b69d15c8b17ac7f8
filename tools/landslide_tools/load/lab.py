"""The lab's containers, and what can be read inside them."""

import csv
import io
import json
from typing import Any

import docker
from docker.errors import APIError
from landslide_cli.errors import Problem

from .verdict import Ballot, Counted

PSQL = (
    "exec docker exec $(docker ps --quiet --filter label=com.docker.swarm.service.name=pg) "
    'psql --username=landslide --dbname=landslide --no-psqlrc --quiet --csv --tuples-only "$@"'
)
ANSWER_SECONDS = 120
ATTEMPTS = 3
END = "end of the answer"
# A node's own total, and that of each container in it, with the name of its service if it has one.
CPU = r"""
    total() { sed -n 's/^usage_usec //p' "$1/cpu.stat"; }
    echo "$(total /sys/fs/cgroup) all"
    docker ps --no-trunc --format \
        '{{.ID}} {{or (.Label "com.docker.swarm.service.name") .Names}}' |
    while read -r id name; do
        echo "$(total "/sys/fs/cgroup/system.slice/docker-$id.scope") $name"
    done
    echo "$1"
"""

# By the transactions that stored them: the store's clock may have been set meanwhile.
NEXT = "SELECT pg_snapshot_xmax(pg_current_snapshot())"
SINCE = "xmin::text::bigint >= {since} AND choice <> 'test'"
BALLOTS = f"""
    SELECT voter::text, choice, cast_us, (extract(epoch FROM stored_at) * 1000000)::bigint,
        coalesce(boot || ' ' || seq, '')
    FROM ballots WHERE {SINCE}
"""
COUNTED = f"""
    SELECT voter::text, choice, cast_us FROM votes WHERE voter IN
        (SELECT voter FROM ballots WHERE {SINCE})
"""
# The backlog, and how many seconds ago a worker last looked.
WAITING = """
    SELECT waiting, coalesce(extract(epoch FROM now() - seen_at), 0) FROM lag
"""


class Lab:
    """A lab that is up."""

    def __init__(self, client: docker.DockerClient, name: str, store: str) -> None:
        """Take the engine that it runs on, and the names of the lab and of its store's host.

        Raises `Problem` where there is no such lab.
        """
        self.client = client
        # A machine under load takes its time to answer.
        client.api.timeout = ANSWER_SECONDS
        self.network = f"landslide-{name}"
        self.labels = {"landslide.lab": name}
        # The machines that the lab is made of, by their hosts' names.
        filters = {"label": [f"landslide.lab={name}", "landslide.definition"]}
        self.nodes: dict[str, Any] = {
            node.name.removeprefix(f"{self.network}-"): node
            for node in client.containers.list(filters=filters)
        }
        if store not in self.nodes:
            raise Problem('The lab is down. "./landslide up" brings it up.')
        self._store = store

    def has_disk(self, node: str) -> bool:
        """Say whether a node's engine has a disk of its own (roles/lab)."""
        return bool(json.loads(self.nodes[node].labels["landslide.definition"]).get("disk"))

    def next_transaction(self) -> int:
        """Return a number that all of the store's transactions that are still to come reach."""
        return int(self.query(NEXT)[0][0])

    def choices(self) -> list[str]:
        """Return the keys that a voter may choose; none while the poll is closed."""
        return [
            key
            for (key,) in self.query(
                "SELECT key FROM choices, poll WHERE key <> 'test' AND state = 'open' ORDER BY key"
            )
        ]

    def waiting(self) -> tuple[int, float]:
        """Return the backlog of the queues in ballots, and how many seconds ago that was so.

        What is from the future, of a clock that is right again, is as old as it is far.
        """
        waiting, age = self.query(WAITING)[0]
        return int(waiting), abs(float(age))

    def ballots(self, since: int) -> list[Ballot]:
        """Return what transactions from the number `since` on have put into the ledger."""
        return [
            Ballot(voter, choice, int(cast), int(stored), entry)
            for voter, choice, cast, stored, entry in self.query(BALLOTS.format(since=since))
        ]

    def counted(self, since: int) -> list[Counted]:
        """Return what counts for the voters of those ballots."""
        return [
            Counted(voter, choice, int(cast))
            for voter, choice, cast in self.query(COUNTED.format(since=since))
        ]

    def cpu(self) -> dict[str, float]:
        """Return the seconds of CPU time that each service has used, on all nodes together.

        `nodes` is what else ran on them: engines, systemd, and the kernel on their behalf.
        """
        seconds = {"nodes": 0.0}
        for name in self.nodes:
            for line in self.read(name, "sh", "-c", CPU, "sh", END).splitlines():
                used, _, service = line.partition(" ")
                # Nothing of a container that has ended meanwhile.
                share = int(used or 0) / 1e6
                if service == "all":
                    seconds["nodes"] += share
                else:
                    seconds["nodes"] -= share
                    seconds[service] = seconds.get(service, 0.0) + share
        return seconds

    def query(self, statement: str) -> list[list[str]]:
        """Return the rows of a statement that the store's owner makes, all values as text."""
        commands = ["--command", statement, "--command", f"\\echo {END}"]
        answer = self.read(self._store, "sh", "-c", PSQL, "sh", *commands)
        return list(csv.reader(io.StringIO(answer)))

    def read(self, node: str, *command: str) -> str:
        """Return what a command says that changes nothing, and whose last line is END.

        A busy engine may lose the end of what a command has said, and yet report success: then it
        is asked again. Raises `Problem` as `run` does, and where that does not help.
        """
        for _ in range(ATTEMPTS):
            said = self.run(node, *command)
            if said.endswith(f"{END}\n"):
                return said.removesuffix(f"{END}\n")
        raise Problem(f"{node} gave an incomplete answer {ATTEMPTS} times.")

    def run(self, node: str, *command: str) -> str:
        """Return what a command that root runs on a node says; raises `Problem` if it fails."""
        try:
            code, (output, errors) = self.nodes[node].exec_run(list(command), demux=True)
        except APIError as error:
            raise Problem(f"{node} does not answer: {error.explanation}") from error
        if code != 0:
            raise Problem(f"{node} reports an error: {(errors or b'').decode().strip()}")
        return (output or b"").decode()
