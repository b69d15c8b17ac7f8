"""The processes that serve, and how they begin and end."""

import asyncio
import gc
import logging
import multiprocessing
import os
import resource
import signal
import socket
import ssl
import time
from multiprocessing.context import ForkProcess

import uvloop

from frontend.config import Config
from frontend.opener import Opener
from frontend.protocol import HTTPProtocol, Line
from frontend.router import Router
from frontend.vote_handler import VoteHandler

log = logging.getLogger(__name__)
# What a process is that has not ended by then: Swarm's stop grace period is longer.
KILL_SECONDS = 2
# A process that cannot live is not tried more often than this.
REPLACE_SECONDS = 0.5
# Connections that are accepted in one round of the event loop.
ACCEPTED = 64
ENDING = {signal.SIGTERM, signal.SIGINT}


def process_count() -> int:
    """One for each CPU that this container may use but one, which the queue, with its one thread,
    and the kernel have enough to do with. Fewer that are busy take less for a vote than more that
    wait: each wake-up then is for more of them."""
    return max(1, len(os.sched_getaffinity(0)) - 1)


def serve(port: int, config: Config, drain_seconds: float) -> None:
    """Serve until SIGTERM, by `process_count` processes.

    Each begins as a copy of this one: that takes no disk, and little time and memory. SIGTERM
    closes the port; what is in hand is finished, for `drain_seconds` at most.
    """
    logging.basicConfig(level=logging.INFO, format="[%(levelname)s] %(message)s")
    # One for all processes: each resumes the sessions of the others.
    tls = config.tls.server
    # As many files as may be: each connection is one.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    # All interfaces: the container has one address, and only Swarm publishes it. The kernel deals
    # connections out as it likes, and one that a process does not accept waits in the backlog,
    # however idle the others are. So might a health check.
    listener = socket.create_server(("0.0.0.0", port), backlog=config.connections)
    # They wait until somebody asks for them: none comes between two lines.
    signal.pthread_sigmask(signal.SIG_BLOCK, {*ENDING, signal.SIGCHLD})
    processes = [_start(listener, config, tls, drain_seconds) for _ in range(process_count())]
    while signal.sigwait({*ENDING, signal.SIGCHLD}) not in ENDING:
        for number, process in enumerate(processes):
            if process.exitcode is not None:
                log.warning("process %d has ended: %d", process.pid, process.exitcode)
                time.sleep(REPLACE_SECONDS)
                processes[number] = _start(listener, config, tls, drain_seconds)
    listener.close()
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + drain_seconds + KILL_SECONDS
    for process in processes:
        process.join(max(0.0, deadline - time.monotonic()))
        process.kill()


def _start(
    listener: socket.socket, config: Config, tls: ssl.SSLContext, drain_seconds: float
) -> ForkProcess:
    process = multiprocessing.get_context("fork").Process(
        target=lambda: uvloop.run(_serve(listener, config, tls, drain_seconds)), daemon=True
    )
    process.start()
    return process


async def _serve(
    listener: socket.socket, config: Config, tls: ssl.SSLContext, drain_seconds: float
) -> None:
    """What one process does."""
    loop = asyncio.get_running_loop()
    ending = asyncio.Event()
    for number in ENDING:
        loop.add_signal_handler(number, ending.set)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {*ENDING, signal.SIGCHLD})
    # Whoever has lost its parent is told by nobody else.
    parent = multiprocessing.parent_process()
    assert parent
    loop.add_reader(parent.sentinel, ending.set)
    router, line = Router(VoteHandler(config)), Line()
    # What is there by now stays: looking through it, time and again, was a fifth of a vote.
    gc.freeze()
    connections: set[HTTPProtocol] = set()
    opener = Opener(tls, lambda: HTTPProtocol(router, line, connections))

    def accept() -> None:
        # uvloop's own server takes one in a round: with thousands at once, the last waits seconds.
        for _ in range(ACCEPTED):
            try:
                connection, _ = listener.accept()
            except OSError:
                # Another process has it, or it is gone again.
                return
            opener.add(connection)

    listener.setblocking(False)
    loop.add_reader(listener, accept)
    log.info("process %d serves", os.getpid())
    await ending.wait()
    loop.remove_reader(parent.sentinel)
    loop.remove_reader(listener)
    listener.close()
    opener.close()
    deadline = loop.time() + drain_seconds
    while (connections or opener.is_busy) and loop.time() < deadline:
        for connection in tuple(connections):
            connection.shutdown()
        await asyncio.sleep(0.02)
