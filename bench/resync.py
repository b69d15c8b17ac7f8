#!/usr/bin/env python3
"""What Interlock costs in a large Swarm: CPU seconds of a round, and what a change touches.

    bench/resync.py [SERVICES SERVERS]

A generated Swarm (1,000 services with all kinds of labels and 5,000 tasks, unless told otherwise),
the answers of its API as text, and a real HAProxy. A round is: decode the answers, build the
topology, write and check the configuration where it has changed, compare HAProxy's servers, change
them. CPU time is Interlock's own and that of the HAProxy that checks, not of the one that runs.
"""

import contextlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

APPS = Path(__file__).resolve().parent.parent / "apps"
sys.path[:0] = [str(APPS), str(APPS / "interlock")]

from interlock.edge import Site  # noqa: E402 (found by the line above)
from interlock.haproxy import HAProxy  # noqa: E402
from interlock.runtime import HAProxyError, Runtime  # noqa: E402
from interlock.topology import build  # noqa: E402
from testing.haproxy_server import HAProxyServer, installed  # noqa: E402
from testing.ports import free_port  # noqa: E402
from testing.swarm_api import make_certificates  # noqa: E402

Swarm = dict[str, list[dict[str, Any]]]
# For one command, on a machine that does other things, too.
SECONDS = 120


def swarm(services: int, servers: int) -> Swarm:
    """The lists `services`, `tasks` and `nodes`, as the Docker API has them."""
    nodes = max(1, servers // 20)
    return {
        "services": [service(number) for number in range(services)],
        "tasks": [task(number, number % services, number % nodes) for number in range(servers)],
        "nodes": [node(number) for number in range(nodes)],
    }


def service(number: int) -> dict[str, Any]:
    labels = {
        "hostname": f"app{number}",
        "domain": "example.org",
        "alias_domain.0": f"www.app{number}.example.org",
        "health_check": "/healthz",
        # Nobody listens there: checks are not what is measured.
        "health_check_interval": "3600s",
        "backend_option.0": "tcpka",
        "ssl_only": "true" if number % 3 else "false",
    }
    if number % 4 == 0:
        labels |= {"context_root": f"/app{number}", "context_root_rewrite": "true"}
    port = {"Protocol": "tcp", "TargetPort": 8000, "PublishMode": "host"}
    spec = {"Name": f"app{number}", "Labels": {f"interlock.{k}": v for k, v in labels.items()}}
    return {
        "ID": f"service{number:018}",
        "CreatedAt": "2026-01-01T00:00:00.000000000Z",
        "Spec": spec | {"TaskTemplate": template(number), "EndpointSpec": {"Mode": "dnsrr"}},
        "Endpoint": {"Spec": {"Mode": "dnsrr", "Ports": [port]}},
    }


def template(number: int) -> dict[str, Any]:
    """What a task is made of, of the usual length: some 1.5 KB that Interlock has no use for."""
    return {
        "ContainerSpec": {
            "Image": f"registry.example.org:5000/app{number}@sha256:{'0' * 64}",
            "Env": [f"SETTING_{n}=/run/secrets/setting_{n}" for n in range(12)],
            "Mounts": [{"Type": "volume", "Source": f"v{n}", "Target": f"/v{n}"} for n in range(4)],
            "Secrets": [{"SecretID": "s" * 25, "SecretName": f"setting-{n}"} for n in range(6)],
        },
        "Placement": {"Constraints": ["node.labels.tier == frontend"]},
        "RestartPolicy": {"Condition": "any", "Delay": 5_000_000_000},
    }


def task(number: int, service: int, node: int) -> dict[str, Any]:
    port = {"Protocol": "tcp", "TargetPort": 8000, "PublishMode": "host"}
    status = {"Ports": [port | {"PublishedPort": 20_000 + number}]}
    return {
        "ID": f"task{number:021}",
        "ServiceID": f"service{service:018}",
        "NodeID": f"node{node:021}",
        "Spec": template(service),
        "DesiredState": "running",
        "Status": {"State": "running", "Message": "started", "PortStatus": status},
    }


def node(number: int) -> dict[str, Any]:
    address = f"127.0.{1 + number // 250}.{1 + number % 250}"
    return {
        "ID": f"node{number:021}",
        "Spec": {"Availability": "active", "Labels": {"tier": "frontend"}},
        "Description": {"Hostname": f"node{number}"},
        "Status": {"State": "ready", "Addr": address},
    }


class Counting(Runtime):
    """Remembers which servers it was told to change."""

    touched: list[str]

    def run(self, command: str) -> bool:
        self.touched.append(command)
        return super().run(command)


def cpu() -> float:
    """CPU seconds of this process and its ended children."""
    return sum(os.times()[:4])


def measure(found: Swarm, haproxy: HAProxy, runtime: Counting) -> None:
    """One round after the other, with what it cost and what it changed."""
    print(f"{'round':<28} {'cpu s':>6} {'MB read':>8} {'servers changed':>16} {'commands':>9}")

    def round_(title: str) -> None:
        answers = {kind: json.dumps(objects) for kind, objects in found.items()}
        while True:
            runtime.touched = []
            before = cpu()
            lists = {kind: json.loads(text) for kind, text in answers.items()}
            settled = haproxy.bring_to(build(lists["services"], lists["tasks"], lists["nodes"]))
            spent = cpu() - before
            size = sum(map(len, answers.values())) / 1e6
            changed = {word for c in runtime.touched for word in c.split() if "/" in word}
            counts = f"{len(changed):>16} {len(runtime.touched):>9}"
            print(f"{title:<28} {spent:>6.2f} {size:>8.1f} {counts}", flush=True)
            if settled:
                return
            title = "  and on"

    round_("nothing has changed")
    gone = found["tasks"].pop()
    round_("a task has gone")
    found["tasks"].append(gone)
    round_("a task has come")
    gone["Status"]["PortStatus"]["Ports"][0]["PublishedPort"] += 1
    round_("a task has moved")
    found["services"].append(service(len(found["services"])))
    round_("a service has come")


def main() -> None:
    services, servers = map(int, sys.argv[1:3] or ("1000", "5000"))
    binary = installed()
    os.environ["PATH"] = f"{binary.parent}:{os.environ['PATH']}"
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        make_certificates(directory)
        runtime = Counting(directory / "admin.sock", directory / "master.sock", SECONDS, SECONDS)
        site = Site(
            http_bind=f"127.0.0.1:{free_port()}",
            https_bind=f"127.0.0.1:{free_port()}",
            metrics_bind=f"127.0.0.1:{free_port()}",
            admin_socket=str(directory / "admin.sock"),
            certificate=str(directory / "site.pem"),
            edge_token="token",
            stats_password="password",
        )
        config = directory / "haproxy.cfg"
        haproxy = HAProxy(site, config, runtime)
        found = swarm(services, servers)
        # The file is there before HAProxy is.
        with contextlib.suppress(HAProxyError):
            haproxy.bring_to(build(found["services"], found["tasks"], found["nodes"]))
        server = HAProxyServer(binary, config)
        try:
            server.start(lambda: True)
            measure(found, haproxy, runtime)
        finally:
            server.kill()


if __name__ == "__main__":
    main()
