"""From the answers of the Docker API to plain data. Pure: the same answers, the same topology."""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from . import labels
from .labels import Labels

# A label of a container, not of its service: in an update, tasks of both kinds run side by side.
_INTERNAL_TLS = f"{labels.PREFIX}internal_tls"
# Decoded JSON of /services, /tasks and /nodes (Docker Engine API).
ApiObject = Mapping[str, Any]


@dataclass(frozen=True)
class Server:
    """A running task's address on its node. `name` stays the same from task to task, but for those
    that speak TLS: HAProxy drains the former ones, which do not."""

    name: str
    address: str
    port: int
    internal_tls: bool = False


@dataclass(frozen=True)
class Service:
    """A labelled service and where it runs. `name` is unique in the Swarm."""

    name: str
    labels: Labels
    servers: tuple[Server, ...]


@dataclass(frozen=True)
class Topology:
    """All that HAProxy has to know; `problems` are sentences for the log."""

    services: tuple[Service, ...]
    problems: tuple[str, ...] = ()


def build(
    services: Iterable[ApiObject], tasks: Iterable[ApiObject], nodes: Iterable[ApiObject]
) -> Topology:
    """The topology of labelled services. A wrong label costs its own service, no other."""
    nodes_by_id = {node["ID"]: node for node in nodes}
    tasks_of: dict[str, list[ApiObject]] = {}
    for task in tasks:
        tasks_of.setdefault(task["ServiceID"], []).append(task)
    built: list[Service] = []
    problems: list[str] = []
    taken: dict[str, str] = {}
    # The oldest service keeps a disputed host or path: a newcomer cannot take another's traffic.
    for service in sorted(services, key=lambda s: (s.get("CreatedAt", ""), s["ID"])):
        name = service["Spec"]["Name"]
        given = service["Spec"].get("Labels") or {}
        problems += [f"service {name}: unknown label {label}" for label in labels.unknown(given)]
        try:
            wanted = labels.parse(given)
            if wanted is None:
                continue
            for route in wanted.routes:
                if route in taken:
                    raise labels.LabelError(f"{route} already belongs to service {taken[route]}")
            target = _target_port(service, wanted.port)
        except labels.LabelError as error:
            problems.append(f"service {name} is left out: {error}")
            continue
        taken |= dict.fromkeys(wanted.routes, name)
        own = tasks_of.get(service["ID"], [])
        built.append(Service(name, wanted, _servers(service, own, nodes_by_id, target)))
    return Topology(tuple(sorted(built, key=lambda s: s.name)), tuple(sorted(problems)))


def _host_ports(service: ApiObject) -> list[ApiObject]:
    spec = (service.get("Endpoint") or {}).get("Spec") or service["Spec"].get("EndpointSpec") or {}
    return _host_mode(spec.get("Ports") or [])


def _host_mode(ports: Iterable[ApiObject]) -> list[ApiObject]:
    # The routing mesh hides the client's address and needs IPVS: only host mode counts.
    return [
        port
        for port in ports
        if port.get("PublishMode") == "host" and port.get("Protocol", "tcp") == "tcp"
    ]


def _target_port(service: ApiObject, wanted: int | None) -> int:
    targets = sorted({int(port["TargetPort"]) for port in _host_ports(service)})
    if wanted is None and len(targets) == 1:
        return targets[0]
    if wanted in targets:
        return wanted
    raise labels.LabelError(
        f"port {wanted or '(no label)'} is not one of the host-mode ports {targets}"
    )


def _servers(
    service: ApiObject,
    tasks: Iterable[ApiObject],
    nodes: Mapping[str, ApiObject],
    target: int,
) -> tuple[Server, ...]:
    ready: dict[str, Server] = {}
    elsewhere: dict[str, Server] = {}
    # By ID, so that of two tasks on one address the same one wins each time.
    for task in sorted(tasks, key=lambda t: str(t["ID"])):
        node = nodes.get(task.get("NodeID", ""))
        # One that is to stop runs on for a moment: HAProxy drains its server meanwhile.
        if node is None or not task["Status"]["State"] == task["DesiredState"] == "running":
            continue
        server = _server(service, task, node, target)
        if server is None:
            continue
        if _takes_traffic(node):
            ready[server.name] = server
        else:
            elsewhere[server.name] = server
    # No node ready, yet tasks run: that is a manager which has just restarted, not an empty
    # cluster. HAProxy's own health checks know better.
    chosen = ready or elsewhere
    return tuple(chosen[name] for name in sorted(chosen))


def _takes_traffic(node: ApiObject) -> bool:
    # "unknown": a new leader has not heard from the node yet; its tasks run on.
    return (
        node["Status"]["State"] in ("ready", "unknown")
        and node["Spec"].get("Availability") == "active"
    )


def _server(service: ApiObject, task: ApiObject, node: ApiObject, target: int) -> Server | None:
    try:
        address = ipaddress.ip_address(node["Status"].get("Addr", ""))
    except ValueError:
        return None
    reported = (task["Status"].get("PortStatus") or {}).get("Ports") or []
    for port in [*_host_mode(reported), *_host_ports(service)]:
        published = int(port.get("PublishedPort") or 0)
        if int(port["TargetPort"]) == target and published and not address.is_unspecified:
            speaks_tls = _speaks_tls(task)
            name = _name(node, published) + ("-tls" if speaks_tls else "")
            return Server(name, str(address), published, speaks_tls)
    return None


def _speaks_tls(task: ApiObject) -> bool:
    given = (task.get("Spec") or {}).get("ContainerSpec") or {}
    return (given.get("Labels") or {}).get(_INTERNAL_TLS) == "true"


def _name(node: ApiObject, published: int) -> str:
    """NODE-PORT: a host-mode port is one task's at a time, so this is unique and lasting."""
    hostname = re.sub(r"[^A-Za-z0-9_.-]", "_", node["Description"]["Hostname"])
    return f"{hostname}-{published}"
