"""Keeps one reader for each queue that the service's name resolves to."""

import logging
import socket
import time
from collections.abc import Callable

from common.heartbeat import Heartbeat

from worker.config import Config
from worker.reader import Reader

log = logging.getLogger(__name__)

# Less than the 30 seconds that a service's stop takes at most.
DRAIN_SECONDS = 20


def resolve(host: str) -> set[str]:
    """The IPv4 addresses of a name, each once; raises OSError where it has none."""
    return {str(info[4][0]) for info in socket.getaddrinfo(host, None, socket.AF_INET)}


class Supervisor:
    """Starts and stops readers as queues come and go."""

    def __init__(self, config: Config, lookup: Callable[[str], set[str]] = resolve) -> None:
        self._config = config
        self._lookup = lookup
        self._readers: dict[str, Reader] = {}
        self._leaving: list[Reader] = []
        self._lost = False
        self._heartbeat = Heartbeat()

    def run(self, asked_to_stop: Callable[[float], bool]) -> None:
        """Run until `asked_to_stop`, which waits so many seconds, says so; then drain.

        Draining, every reader finishes its batch.
        """
        while True:
            self._follow()
            self._heartbeat.beat()
            if asked_to_stop(self._config.resolve_interval):
                break
        self._leaving += self._readers.values()
        for reader in self._leaving:
            reader.stop()
        deadline = time.monotonic() + DRAIN_SECONDS
        for reader in self._leaving:
            reader.join(max(0.0, deadline - time.monotonic()))

    def _follow(self) -> None:
        try:
            wanted = self._lookup(self._config.queue_host)
        except OSError as error:
            # No answer is no news: a queue that can be read is read on.
            if not self._lost:
                log.warning("%s: %s", self._config.queue_host, error)
            self._lost = True
            return
        self._lost = False
        for address in self._readers.keys() - wanted:
            self._readers[address].stop()
            self._leaving.append(self._readers.pop(address))
        self._leaving = [reader for reader in self._leaving if reader.is_alive()]
        for address in wanted:
            # A reader ends by itself only through a fault of ours, which the log shows.
            if address not in self._readers or not self._readers[address].is_alive():
                self._readers[address] = Reader(address, self._config)
                self._readers[address].start()
