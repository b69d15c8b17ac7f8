"""Something that is read every few seconds, and what it last returned."""

import asyncio
import logging
import time
from collections.abc import Callable
from http.client import HTTPException
from typing import Generic, TypeVar

import psycopg2

log = logging.getLogger(__name__)
T = TypeVar("T")

READ_SECONDS = 2.0
# A source that has not answered for as long is reported.
STALE_SECONDS = 8.0
ERRORS = (OSError, HTTPException, ValueError, psycopg2.Error)


class Source(Generic[T]):
    """`value` is what `read` last returned, None before it has; `name` begins a sentence."""

    def __init__(self, name: str, read: Callable[[], T]) -> None:
        self.name = name
        self.value: T | None = None
        self._read = read
        # Nobody is late before there was time to answer.
        self._read_at = time.monotonic()

    @property
    def silent(self) -> float:
        """For how many seconds it has not answered; 0 for less than `STALE_SECONDS`."""
        age = time.monotonic() - self._read_at
        return age if age >= STALE_SECONDS else 0

    async def run(self) -> None:
        """Read until cancelled."""
        failing = False
        while True:
            try:
                self.value = await asyncio.to_thread(self._read)
                self._read_at = time.monotonic()
                if failing:
                    log.warning("%s answers again", self.name)
                failing = False
            except ERRORS as error:
                if not failing:
                    log.warning("%s: %s", self.name, " ".join(str(error).split()))
                failing = True
            await asyncio.sleep(READ_SECONDS)
