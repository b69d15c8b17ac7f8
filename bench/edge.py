#!/usr/bin/env python3
"""CPU time of HAProxy for a request, beside configurations written by hand, by kind of connection.

    bench/edge.py [ROUNDS [SECONDS]]

- `bare`: a few lines of HAProxy for the same two servers, with checks, timeouts and
  X-Forwarded-For, and nothing that keeps a vote safe;
- `static`: the same, and what it takes to keep one: a UUID, the edge token, a buffered request of
  limited size that is sent again to another server when one fails;
- `interlock`: what Interlock writes for the frontends: all that, and shedding, headers that a
  client may not send removed, headers for browsers added;
- `limited`: the same with limits for each address.

Each gets votes as browsers send them, from wrk (Debian's package):

- `kept`: on 64 connections that are kept;
- `new`: each on a connection of its own;
- `TLS`: the same by HTTPS, with a full handshake (P-256, X25519MLKEM768 where the client has it);

and `interlock` also first pages, on kept connections (`page`), and connections that resume a TLS
session (`resumed`, from `openssl s_time`: TLS 1.3, one after the other).

The two servers behind it answer at once: what a frontend takes for a vote is not in here. Each in
turn for SECONDS (5), ROUNDS (5) times over, so that what else the machine does meets all alike.
Each HAProxy has one CPU, and the client and the servers another.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import NamedTuple

from cost import family_cpu

BENCH = Path(__file__).resolve().parent
APPS = BENCH.parent / "apps"
sys.path[:0] = [str(APPS), str(APPS / "interlock")]

from interlock.edge import Rates, Site  # noqa: E402 (found by the line above)
from interlock.labels import Labels  # noqa: E402
from interlock.render import render  # noqa: E402
from interlock.tickets import keys  # noqa: E402
from interlock.topology import Server, Service, Topology  # noqa: E402
from testing.haproxy_server import HAProxyServer, installed  # noqa: E402
from testing.internal_tls import directory_of  # noqa: E402
from testing.ports import free_port  # noqa: E402
from testing.swarm_api import make_certificates  # noqa: E402

CONNECTIONS = 64
PAGE = 2000  # bytes of a receipt
KINDS = ("kept", "new", "TLS")
OURS = ("page", "resumed")

SERVERS = """\
global
    stats socket {socket}
defaults
    mode http
    timeout client 60s
    timeout http-keep-alive 60s
frontend servers
    bind 127.0.0.1:{ports[0]}
    bind 127.0.0.1:{ports[1]}
    http-request return status 200 content-type text/html hdr Cache-Control max-age=1 string {page}
"""
BARE = """\
global
    stats socket {socket}
defaults
    mode http
    option forwardfor
    {defaults}
    timeout client 10s
    timeout http-request 5s
    timeout http-keep-alive 5s
    timeout connect 2s
    timeout server 10s
frontend site
    bind 127.0.0.1:{port}
    bind 127.0.0.1:{https} ssl crt {certificate} alpn h2,http/1.1
    {frontend}
    default_backend frontends
backend frontends
    balance roundrobin
    option httpchk GET /healthz
    server one 127.0.0.1:{ports[0]} check
    server two 127.0.0.1:{ports[1]} check
"""


DEFAULTS = """\
    option http-buffer-request
    option redispatch 1
    retries 3
    retry-on conn-failure empty-response response-timeout 503
"""
FRONTEND = """\
    http-request set-header X-Request-ID %[uuid(7)]
    http-request set-header X-Edge-Token token
    http-request deny deny_status 413 if { req.body_size gt 8192 }
"""


class Result(NamedTuple):
    """What one configuration did in one round."""

    per_second: float
    cpu_us: float


def interlock(directory: Path, port: int, https: int, ports: list[int], rates: Rates) -> str:
    """The configuration for the frontends, as their role labels them."""
    labels = Labels(
        ("votingapp.local",),
        health_check="/healthz",
        max_connections=500,
        default=True,
        languages=("en", "de"),
    )
    tickets = directory / "tickets"
    tickets.write_text("".join(f"{key}\n" for key in keys("secret", time.time())))
    servers = tuple(Server(f"node-{number}", "127.0.0.1", number) for number in ports)
    site = Site(
        http_bind=f"127.0.0.1:{port}",
        https_bind=f"127.0.0.1:{https}",
        metrics_bind=f"127.0.0.1:{free_port()}",
        admin_socket=str(directory / "admin.sock"),
        certificate=str(directory / "site.pem"),
        internal_ca=str(directory_of("interlock") / "internal_ca"),
        edge_token="token",
        new_voter_key="key",
        ticket_secret="secret",
        stats_password="password",
        tickets=str(tickets),
    )
    return render(replace(site, rates=rates), Topology((Service("frontend", labels, servers),)))


@contextmanager
def haproxy(binary: Path, directory: Path, text: str, cpu: int) -> Iterator[int]:
    """A running HAProxy on one CPU; the process ID of its worker."""
    directory.mkdir(exist_ok=True)
    config = directory / "haproxy.cfg"
    config.write_text(text)
    server = HAProxyServer(binary, config)
    os.sched_setaffinity(0, {cpu})
    try:
        server.start(lambda: True)
        yield server.worker()
    finally:
        server.kill()


class Client:
    """Loads whatever listens at a port, and another one by HTTPS."""

    def __init__(self, http: int, https: int, voters: Path, seconds: int) -> None:
        self._http = f"http://127.0.0.1:{http}/"
        self._https = f"https://127.0.0.1:{https}/"
        self._connect = f"127.0.0.1:{https}"
        self._environ = os.environ | {"VOTERS_FILE": str(voters), "EDGE_TOKEN": "guess"}
        self._seconds = seconds

    def load(self, kind: str, process: int) -> Result:
        """One kind of requests; raises RuntimeError where one was not answered by 200."""
        before = family_cpu(process)
        done, seconds = self._resume() if kind == "resumed" else self._ask(kind)
        return Result(done / seconds, (family_cpu(process) - before) / done * 1e6)

    def _ask(self, kind: str) -> tuple[int, float]:
        told = {"CLOSE": str(kind in ("new", "TLS")), "PAGE": str(kind == "page")}
        wrk = f"wrk -t1 -c{CONNECTIONS} -d{self._seconds} -s {BENCH / 'votes.lua'}".split()
        said = subprocess.run(
            [*wrk, self._https if kind == "TLS" else self._http],
            env=self._environ | told,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        found = json.loads(said.splitlines()[-1])
        if found["refused"] or found["failed"]:
            raise RuntimeError(said)
        return found["acknowledged"], found["seconds"]

    def _resume(self) -> tuple[int, float]:
        said = subprocess.run(
            f"openssl s_time -connect {self._connect} -reuse -www / -time {self._seconds}".split(),
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        found = re.findall(r"(\d+) connections in (\d+) real seconds", said)
        if not found:
            raise RuntimeError(said)
        return int(found[-1][0]), float(found[-1][1])


def main() -> None:
    rounds, seconds = (*map(int, sys.argv[1:3]), *(5, 5)[len(sys.argv[1:3]) :])
    binary = installed()
    cpus = sorted(os.sched_getaffinity(0))
    ports = [free_port(), free_port()]
    results: dict[tuple[str, str], list[Result]] = {}
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        make_certificates(directory)
        voters = directory / "voters"
        voters.write_text("".join(f"voter-any=v1.{'x' * 60}{number}\n" for number in range(1000)))
        at, https = free_port(), free_port()
        own = {
            "socket": directory / "admin.sock",
            "port": at,
            "https": https,
            "certificate": directory / "site.pem",
            "ports": ports,
        }
        configurations = {
            "bare": BARE.format(**own, defaults="", frontend=""),
            "static": BARE.format(**own, defaults=DEFAULTS, frontend=FRONTEND),
            "interlock": interlock(directory, at, https, ports, Rates()),
            "limited": interlock(directory, at, https, ports, Rates(10**8, 10**8, 10**8)),
        }
        servers = SERVERS.format(socket=directory / "s.sock", ports=ports, page="x" * PAGE)
        client = Client(at, https, voters, seconds)
        with haproxy(binary, directory / "servers", servers, cpus[-1]):
            for number in range(1, rounds + 1):
                for title, text in configurations.items():
                    with haproxy(binary, directory / title, text, cpus[0]) as process:
                        os.sched_setaffinity(0, {cpus[-1]})
                        for kind in KINDS + (OURS if title == "interlock" else ()):
                            result = client.load(kind, process)
                            results.setdefault((kind, title), []).append(result)
                            print(
                                f"{number:>3} {title:<10} {kind:<8} {result.per_second:>8.0f}/s"
                                f" {result.cpu_us:>6.1f} us CPU each",
                                flush=True,
                            )
    for (kind, title), found in sorted(results.items()):
        middle = median(result.cpu_us for result in found)
        line = f"{kind:<8} {title:<10} {middle:>6.1f} us"
        if static := results.get((kind, "static")):
            pairs = zip(found, static, strict=True)
            line += f", {median(r.cpu_us / s.cpu_us for r, s in pairs):.0%} of static's"
        print(line)


if __name__ == "__main__":
    main()
