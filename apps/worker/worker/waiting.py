"""Waiting in the event loop, for no longer than is said."""

import asyncio
from contextlib import suppress


async def came(event: asyncio.Event, seconds: float) -> bool:
    """Wait so long for the event; whether it came."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
