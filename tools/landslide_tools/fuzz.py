"""Sends a lab's load balancer what no client should, and checks that nothing breaks or is lost.

    ./landslide up
    PYTHONPATH=cli:tools:apps:apps/frontend .venv-dev/bin/python -m landslide_tools.fuzz

First Schemathesis, on what the site says of itself; then raw HTTP (apps/testing/odd_requests.py),
of which each request follows from the seed and its number. A third are votes as they should be.
Nobody else may vote meanwhile.

There must be no 5xx, to a client or between load balancer and frontend; every container and its
processes must be those from before; every acknowledged vote must be in the ledger, once,
and no other one, but for those whose answer nobody could hear.
"""

import asyncio
import csv
import io
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import click
import requests
from common import voter_cookie
from frontend.voter import VoterCookieSigner
from landslide_cli.errors import Problem
from landslide_cli.inventory import Inventory, inventory_options
from landslide_cli.progress import Steps
from rich.console import Console
from testing.odd_requests import Ending, Request, draw
from testing.raw_client import FINAL_ANSWER, LAST, SECONDS, Line

from landslide_tools.load.lab import END, Lab
from landslide_tools.load.trial import drain, find_lab
from landslide_tools.load.verdict import compare
from landslide_tools.load_client.record import Vote

CLIENTS = 16
SCHEMATHESIS_SECONDS = 1200
SHOWN = 5
COOKIE = re.compile(r"(?:__Host-voter|voter-any)=([^;\s]+)")
# A container, and its processes: the first one and all below it, but none of its health checks.
# Databases have some that come and go.
CONTAINERS = r"""
    below() {
        for child in $(cat "/proc/$1"/task/*/children 2>/dev/null); do
            echo "$child"
            below "$child"
        done
    }
    docker ps --quiet | xargs --no-run-if-empty docker inspect --format \
        '{{.Name}} {{.Id}} {{.State.StartedAt}} {{.RestartCount}} {{.State.Pid}}' |
    while read -r name container started restarts pid; do
        case $name in
            /frontend.* | /worker.* | /haproxy | /interlock) others=$(below "$pid") ;;
            *) others= ;;
        esac
        echo "$name" "$container/$started/$restarts" "$pid" $others
    done
    echo "$1"
"""
AUDIT = """
    SELECT (SELECT tally = votes AND votes = voters FROM audit_totals),
        coalesce(sum(abs(missing)), 0), coalesce(sum(rejected), 0) FROM audit_queues
"""
# A server's errors, which the load balancer may hide from voters: it asks another one.
ERRORS = ("hrsp_5xx", "econ", "eresp", "wretr", "wredis")


class Account:
    """What was sent and answered, as far as it has to be accounted for."""

    def __init__(self, signer: VoterCookieSigner) -> None:
        """Take what knows our own cookies."""
        self._signer = signer
        # In whose request a voter was: there a receipt of theirs belongs, and nowhere else.
        self._owners: dict[str, int] = {}
        self.requests: Counter[str] = Counter()
        self.statuses: dict[str, Counter[str]] = defaultdict(Counter)
        self.votes: list[Vote] = []
        self.wrong: dict[str, list[str]] = defaultdict(list)

    def expect(self, number: int, request: Request) -> None:
        """Note who may vote by this request."""
        self._owners |= {voter: number for voter, _ in request.votes}
        self._owners |= dict.fromkeys(request.hidden, number)
        self._owners |= dict.fromkeys(request.nobodies, -1)

    def take(self, number: int, request: Request, said: bytes) -> None:
        """Note all that was answered to a request."""
        what = f"{number} ({request.kind}): {request.data[:2000]!r}\n    answer: {said[:500]!r}"
        acknowledged = set()
        answers = FINAL_ANSWER.findall(said)
        for status, head in answers:
            voter = self.note(request.kind, int(status), head.decode("latin-1"), what)
            acknowledged.add(voter)
            if self._owners.get(voter, number) != number:
                self.wrong["receipts of another voter's vote"].append(what)
        self.requests[request.kind] += 1
        self.statuses[request.kind]["no answer"] += not answers
        if len(answers) < request.answers:
            # A load balancer that ends a connection says so, and the rest may be sent again.
            if request.ending is Ending.ANSWER and not LAST.search(said):
                self.wrong["complete requests without an answer"].append(what)
            doubtful = (vote for vote in request.votes if vote[0] not in acknowledged)
            self.votes += (Vote(*vote, sent=0, took=0, status=0, cast=0) for vote in doubtful)

    def note(self, kind: str, status: int, head: str, what: str) -> str:
        """Note an answer's status and its receipt, if there is one; return the voter of that."""
        self.statuses[kind][str(status)] += 1
        if status >= 500:
            self.wrong["answers of 5xx"].append(what)
        cookie = COOKIE.search(head)
        # A load balancer's own cookie says of no vote.
        if status != 200 or cookie is None or cookie[1].startswith(f"{voter_cookie.NEW}."):
            return ""
        voter = self._signer.known(cookie[1])
        if voter is None:
            self.wrong["cookies that are not ours"].append(what)
            return ""
        # A page gives a cookie of nobody who has voted. Test votes are counted apart.
        if voter.acknowledged == 0 or voter.choice == "test":
            return ""
        self.votes.append(Vote(voter.id, voter.choice, 0, 0, status, voter.acknowledged))
        return voter.id


async def send(
    url: str, account: Account, steps: Steps, seed: int, number: int, choices: list[str], key: bytes
) -> None:
    """Send so many requests, by CLIENTS connections at a time."""
    signer = VoterCookieSigner([key])
    numbers = iter(range(number))
    address = urlsplit(url)

    async def client() -> None:
        line = Line(address.hostname or "", address.port or 80)
        for one in numbers:
            request = draw(seed, one, signer, choices)
            account.expect(one, request)
            account.take(one, request, await line.say(request))
            steps.advance(one, number)
        line.drop()

    async with asyncio.TaskGroup() as group:
        for _ in range(CLIENTS):
            group.create_task(client())


def schemathesis(url: str, account: Account, seed: int, examples: int, accept: str) -> None:
    """Let Schemathesis test what the site describes, and note all that it was answered."""
    kind = f"Schemathesis, {accept}"
    with tempfile.TemporaryDirectory() as directory:
        record = Path(directory) / "record.har"
        command = [sys.executable, "-m", "schemathesis.cli", "run", "--checks", "all"]
        command += ["--max-examples", str(examples), "--seed", str(seed), "--continue-on-failure"]
        command += ["--no-color", "--output-sanitize", "false", "--header", f"Accept: {accept}"]
        command += ["--report", "har", "--report-har-path", str(record)]
        done = subprocess.run(
            [*command, urljoin(url, "openapi.json")],
            check=False,
            cwd=directory,
            capture_output=True,
            text=True,
            timeout=SCHEMATHESIS_SECONDS,
        )
        if done.returncode:
            account.wrong["runs of Schemathesis that found something"].append(done.stdout)
        entries = json.loads(record.read_text())["log"]["entries"] if record.exists() else []
    for entry in entries:
        request, answer = entry["request"], entry["response"]
        cookies = [h["value"] for h in answer["headers"] if h["name"].lower() == "set-cookie"]
        what = f"{request['method']} {request['url']} {request.get('postData')}: {answer['status']}"
        account.requests[kind] += 1
        posted = request["method"] == "POST"
        account.note(kind, answer["status"], "\n".join(cookies) if posted else "", what)


def containers(lab: Lab) -> Iterator[tuple[str, str, set[str]]]:
    """Each container's name, what is another one after a restart, and its processes."""
    for node in lab.nodes:
        for line in lab.read(node, "sh", "-c", CONTAINERS, "sh", END).splitlines():
            name, identity, *processes = line.split()
            yield f"{name[1:]} on {node}", identity, set(processes)


def errors(details: dict[str, Any]) -> dict[str, int]:
    """What went wrong between load balancer and servers, so far."""
    password = Path(details["stats_password"]).read_text().strip()
    login, authority = ("admin", password), details["site_authority"]
    answer = requests.get(details["statistics"], auth=login, verify=authority, timeout=SECONDS)
    answer.raise_for_status()
    rows = csv.DictReader(io.StringIO(answer.text.removeprefix("# ")))
    return {
        f"{column} of {row['pxname']} {row['svname']}": int(row[column] or 0)
        for row in rows
        for column in ERRORS
        if row["svname"] not in ("FRONTEND", "BACKEND")
    }


def judge(
    lab: Lab, account: Account, since: int, before: tuple[Any, ...], after: tuple[Any, ...]
) -> None:
    """Compare, and note what is wrong."""
    living = {name: (identity, processes) for name, identity, processes in after[0]}
    for name, identity, processes in before[0]:
        now, left = living.get(name, ("", set()))
        if now != identity or not processes <= left:
            account.wrong["containers or processes that have died"].append(name)
    for name, count in after[1].items():
        if more := count - before[1].get(name, 0):
            account.wrong["errors behind the load balancer"].append(f"{name}: {more}")
    ledger = lab.ballots(since)
    verdict = compare(account.votes, ledger, lab.counted(since))
    print(*(f"{name} {number:,}" for name, number in verdict.as_dict().items()), sep=", ")
    if not verdict.clean:
        account.wrong["votes that were not counted exactly once"].append(str(verdict))
    acknowledged = {(vote.voter, vote.choice, vote.cast) for vote in account.votes}
    doubtful = {vote.voter for vote in account.votes if vote.in_doubt}
    for ballot in ledger:
        if ballot[:3] not in acknowledged and ballot.voter not in doubtful:
            account.wrong["ballots that were never acknowledged"].append(str(ballot))
    equal, missing, rejected = after[2]
    if equal != "t" or missing != "0" or rejected != before[2][2]:
        account.wrong["audits that do not add up"].append(f"{before[2]}, then {after[2]}")


def show(account: Account) -> None:
    """Print what was sent and answered; raises `Problem` where something is wrong."""
    for kind, number in sorted(account.requests.items()):
        statuses = sorted((+account.statuses[kind]).items())
        print(f"{kind:<32}{number:>8,}  ", *(f"{name}: {n:,} " for name, n in statuses))
    print(f"{'all':<32}{account.requests.total():>8,}")
    for what, examples in account.wrong.items():
        print(f"\n{len(examples):,} {what}:", *examples[:SHOWN], sep="\n  ")
    if account.wrong:
        raise Problem("The site failed: " + ", ".join(account.wrong) + ".")


@click.command()
@inventory_options
@click.option("--requests", "number", default=100_000, show_default=True, help="Of raw HTTP.")
@click.option("--examples", default=1500, show_default=True, help="Of Schemathesis, each way.")
@click.option("--seed", default=1, show_default=True)
def main(inventory: Inventory, number: int, examples: int, seed: int) -> None:
    """Send, compare, and print."""
    site, details = find_lab(inventory)
    lab, url = site.lab, details["site"]
    choices = lab.choices()
    if not choices:
        raise Problem("The poll is closed.")
    account = Account(VoterCookieSigner([site.cookie_key]))
    with Steps(Console(highlight=False)) as steps:
        steps.begin("Queues are empty")
        drain(lab, steps)
        since = lab.next_transaction()
        before = [*containers(lab)], errors(details), lab.query(AUDIT)[0]
        steps.begin("Schemathesis")
        for accept in ("application/json", "text/html, */*"):
            schemathesis(url, account, seed, examples, accept)
        steps.begin("Raw HTTP")
        asyncio.run(send(url, account, steps, seed, number, choices, site.cookie_key))
        steps.begin("Queues drain")
        drain(lab, steps)
        after = [*containers(lab)], errors(details), lab.query(AUDIT)[0]
    judge(lab, account, since, before, after)
    show(account)


if __name__ == "__main__":
    main()
