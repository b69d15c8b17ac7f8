"""Reads the Swarm from any manager's swarm-api, over mutual TLS."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import docker
import requests
from docker.constants import MINIMUM_DOCKER_API_VERSION
from docker.errors import DockerException
from docker.tls import TLSConfig
from urllib3.exceptions import ReadTimeoutError

TIMEOUT = 5.0
# A stream may go silent without closing (moby #15874): then it is opened anew.
EVENT_DEADLINE = 30.0

ApiObjects = list[dict[str, Any]]
ERRORS = (DockerException, requests.RequestException)
T = TypeVar("T")


class SwarmError(Exception):
    """No manager gave a usable answer; the text has each one's reason."""


class Swarm:
    """The managers, the one that answered last first. Not for use by two threads at once."""

    def __init__(self, urls: tuple[str, ...], tls: TLSConfig | bool) -> None:
        self._urls = list(urls)
        self._tls = tls

    def read(self) -> tuple[ApiObjects, ApiObjects, ApiObjects]:
        """Services, the tasks that are to run, nodes. Raises SwarmError."""

        def once(url: str) -> tuple[ApiObjects, ApiObjects, ApiObjects]:
            with self._negotiated(url) as client:
                return _read(client)

        return self._first(once)

    def follow(self, ring: Callable[[], None]) -> None:
        """Ring once the event stream is open, and for each event, until it breaks, ends or is
        silent for EVENT_DEADLINE seconds. Raises SwarmError, but not for an ordinary end, nor
        for silence: most of the time there is nothing to tell."""

        def once(url: str) -> None:
            with self._negotiated(url) as client, _event_stream(client) as stream:
                ring()
                try:
                    for _ in stream.iter_lines():
                        ring()
                except requests.ConnectionError as error:
                    # Thus, not as ReadTimeout, does requests say it once a body has begun.
                    if not isinstance(error.args[0], ReadTimeoutError):
                        raise

        self._first(once)

    def _first(self, use: Callable[[str], T]) -> T:
        reasons = []
        for url in list(self._urls):
            try:
                return use(url)
            except ERRORS as error:
                reasons.append(f"{url}: {error}")
                self._urls.append(self._urls.pop(0))
        raise SwarmError("; ".join(reasons))

    @contextmanager
    def _negotiated(self, url: str) -> Iterator[Any]:
        # The engine says which API it speaks: engine 29 refuses what engine 26 wants. Not by
        # version="auto", which leaves its connections open where the engine does not answer.
        with self._client(url, MINIMUM_DOCKER_API_VERSION) as client:
            version = client.version(api_version=False)["ApiVersion"]
        with self._client(url, version) as client:
            yield client

    def _client(self, url: str, version: str) -> Any:
        client = docker.APIClient(base_url=url, version=version, tls=self._tls, timeout=TIMEOUT)
        # Proxies and authorities of the environment are not for the managers.
        client.trust_env = False
        return client


def _read(client: Any) -> tuple[ApiObjects, ApiObjects, ApiObjects]:
    nodes = client.nodes()
    if not nodes:
        # A Swarm has at least the manager that answers.
        raise DockerException("the manager lists no nodes")
    # Not by service: a thousand names make an address that no proxy takes.
    return client.services(), client.tasks(filters={"desired-state": "running"}), nodes


def _event_stream(client: Any) -> Any:
    # Not client.events(): it switches the read deadline off.
    stream = client.get(
        f"{client.base_url}/v{client.api_version}/events",
        params={"filters": '{"type":["service","node"]}'},
        stream=True,
        timeout=(TIMEOUT, EVENT_DEADLINE),
    )
    stream.raise_for_status()
    return stream
