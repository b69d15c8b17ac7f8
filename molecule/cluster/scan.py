#!/usr/bin/python3
"""Prints, as JSON, the TCP ports of a machine that accept connections: scan.py ADDRESS."""

import asyncio
import json
import sys

AT_A_TIME = 500
SECONDS = 5


async def accepts(address, port, slots):
    """Say whether `port` accepts a connection; a closed one of a live machine refuses at once."""
    async with slots:
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(address, port), SECONDS)
        except ConnectionRefusedError:
            return False
        writer.close()
        return True


async def scan(address):
    """Return the open ports; raises if a port neither accepts nor refuses."""
    slots = asyncio.Semaphore(AT_A_TIME)
    ports = range(1, 65536)
    answers = await asyncio.gather(*(accepts(address, port, slots) for port in ports))
    return [port for port, answer in zip(ports, answers, strict=True) if answer]


print(json.dumps(asyncio.run(scan(sys.argv[1]))))
