"""Something that is looked at every few seconds, and what it last said."""

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
# After that long without an answer it is said that there is none.
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
    def notice(self) -> str:
        """A sentence where what is shown is old, or where there is nothing to show."""
        age = time.monotonic() - self._read_at
        if age < STALE_SECONDS:
            return ""
        if self.value is None:
            return f"{self.name} does not answer."
        return f"{self.name} does not answer: what is shown of it is {age:.0f} s old."

    async def run(self) -> None:
        """Look until cancelled."""
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
