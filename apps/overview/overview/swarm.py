"""The Swarm's nodes and services, from any manager's swarm-api, over mutual TLS."""

import json
import ssl
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPException, HTTPSConnection
from typing import Any

from overview.config import Config

TIMEOUT = 3.0
ApiObject = Mapping[str, Any]


@dataclass(frozen=True)
class Node:
    """A node in the Swarm's own words: `state` is ready, down, disconnected or unknown,
    `availability` active, pause or drain, `manager` leader, reachable or unreachable, if any."""

    name: str
    tier: str
    state: str
    availability: str
    manager: str


@dataclass(frozen=True)
class Service:
    """How many of a service's tasks run, and how many should; `update` is what the Swarm says of
    the latest one, if any: updating, completed, paused, rollback_completed, ..."""

    name: str
    running: int
    wanted: int
    update: str


@dataclass(frozen=True)
class Cluster:
    nodes: tuple[Node, ...]
    services: tuple[Service, ...]


class Swarm:
    """The managers, the one that answered last first. For one thread at a time."""

    def __init__(self, config: Config) -> None:
        self._managers = list(config.swarm_api)
        self._tls = ssl.create_default_context(cafile=config.tls_ca)
        self._tls.load_cert_chain(config.tls_cert, config.tls_key)

    def read(self) -> Cluster:
        """Raises OSError, HTTPException or ValueError where no manager gives a usable answer."""
        for manager in list(self._managers):
            try:
                # In the Swarm's own order the page would look different at each look.
                nodes = sorted(map(_node, self._get(manager, "/nodes")), key=_name)
                services = sorted(
                    map(_service, self._get(manager, "/services?status=true")), key=_name
                )
                return Cluster(tuple(nodes), tuple(services))
            except (OSError, HTTPException, ValueError, LookupError) as error:
                self._managers.append(self._managers.pop(0))
                last = error
        raise OSError(f"no manager answers: {last}")

    def _get(self, manager: str, path: str) -> list[ApiObject]:
        host, _, port = manager.rpartition(":")
        connection = HTTPSConnection(host, int(port), timeout=TIMEOUT, context=self._tls)
        with closing(connection):
            connection.request("GET", path)
            response = connection.getresponse()
            if response.status != 200:
                raise HTTPException(f"{manager}{path} answers {response.status}")
            objects: list[ApiObject] = json.load(response)
            return objects


def _name(thing: Node | Service) -> str:
    return thing.name


def _node(node: ApiObject) -> Node:
    manager = node.get("ManagerStatus") or {}
    return Node(
        name=node["Description"]["Hostname"],
        tier=(node["Spec"].get("Labels") or {}).get("tier", ""),
        state=node["Status"]["State"],
        availability=node["Spec"]["Availability"],
        manager="leader" if manager.get("Leader") else manager.get("Reachability", ""),
    )


def _service(service: ApiObject) -> Service:
    status = service["ServiceStatus"]
    return Service(
        name=service["Spec"]["Name"],
        running=status["RunningTasks"],
        wanted=status["DesiredTasks"],
        update=(service.get("UpdateStatus") or {}).get("State", ""),
    )
