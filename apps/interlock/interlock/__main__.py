"""Interlock's loop: wait, read the Swarm, bring HAProxy to it."""

import logging
import os
import signal
import ssl
import sys
import threading
import time
from collections.abc import Callable

from docker.tls import TLSConfig

from . import topology
from .config import Config, from_env
from .events import Bell, follow
from .haproxy import ConfigurationRefused, HAProxy
from .health import HEARTBEAT
from .metrics import Metrics, serve
from .runtime import HAProxyError, Runtime
from .swarm import Swarm, SwarmError
from .topology import Topology
from .watch import Watch

log = logging.getLogger("interlock")

LONGEST_WAIT = 10.0


def main() -> None:
    """Run until SIGTERM."""
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(levelname)s %(message)s")
    config = from_env(os.environ)
    tls = TLSConfig(
        client_cert=(config.tls_cert, config.tls_key), ca_cert=config.tls_ca, verify=True
    )
    bell = Bell()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: bell.stop())
    # Each thread has its own connections. A daemon: it may sit in a read when we leave.
    watcher = Swarm(config.swarm_api, tls)
    threading.Thread(
        target=follow, args=(watcher.follow, bell, time.sleep), name="events", daemon=True
    ).start()
    swarm = Swarm(config.swarm_api, tls)
    runtime = Runtime(config.haproxy_admin_socket, config.haproxy_master_socket)
    haproxy = HAProxy(config.site, config.haproxy_config, runtime)
    metrics = Metrics()
    serve(metrics, config.metrics_bind)
    context = ssl.create_default_context(cafile=config.tls_ca)
    context.load_cert_chain(config.tls_cert, config.tls_key)
    watch = Watch(
        config.swarm_api,
        context,
        config.other_load_balancers,
        metrics,
        haproxy.drained,
        bell.ring,
    )
    threading.Thread(target=watch.run, args=(time.sleep,), name="clocks", daemon=True).start()

    def drain() -> bool:
        draining = watch.draining
        haproxy.drain(draining)
        return draining

    bell.ring()
    run(config, bell, lambda: topology.build(*swarm.read()), haproxy.bring_to, drain, metrics)
    log.info("leaving")


def run(
    config: Config,
    bell: Bell,
    read: Callable[[], Topology],
    bring_to: Callable[[Topology], bool],
    drain: Callable[[], bool],
    metrics: Metrics,
) -> None:
    """Rounds until the bell says stop. What cannot be read or reached changes nothing.

    `drain` has HAProxy refuse or take voters' connections, and says whether it is to refuse them.
    """
    wait = config.tick
    problems: tuple[str, ...] = ()
    while bell.wait(wait, config.debounce_min, config.debounce_max):
        HEARTBEAT.beat()
        metrics.rounds_total += 1
        try:
            # First: it needs no manager.
            draining = drain()
            wanted = read()
            metrics.services, metrics.problems = len(wanted.services), len(wanted.problems)
            if wanted.problems != problems:
                problems = wanted.problems
                for problem in problems:
                    log.warning("%s", problem)
            settled = bring_to(wanted)
            metrics.configuration_valid = 1
            metrics.serving = int(not draining)
        except (SwarmError, HAProxyError, OSError) as error:
            log.error("%s", error)
            metrics.rounds_failed_total += 1
            if isinstance(error, ConfigurationRefused):
                metrics.configuration_valid = 0
            elif isinstance(error, HAProxyError):
                metrics.serving = 0
            wait = min(wait * 2, LONGEST_WAIT)
        else:
            # A server that drains is looked at again soon.
            wait = config.tick if settled else config.debounce_min


if __name__ == "__main__":
    main()
