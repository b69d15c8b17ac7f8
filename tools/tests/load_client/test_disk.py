"""The wait for this machine's disk, which the load client measures."""

import os
from threading import Event

import pytest
from landslide_tools.load_client.disk import DiskWatch
from testing.waiting import wait_until


def test_the_longest_write_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = iter([0.0, 0.3])
    monkeypatch.setattr(os, "fsync", lambda file: Event().wait(next(waits, 0)))
    with DiskWatch() as disk:
        wait_until(lambda: disk.longest >= 0.3)
    assert disk.longest < 20
