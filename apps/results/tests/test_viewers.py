"""Who watches where not all can."""

import asyncio
import itertools
import threading
import time
from collections import Counter
from contextlib import ExitStack

import pytest
from common.store import StoreConfig
from results.broadcaster import Broadcaster
from results.config import Config, Texts
from results.figures import Figures
from results.renderer import Renderer
from results.viewers import Viewers, viewer_address
from testing.event_loop import run
from testing.internal_tls import directory_of

CROWD, VIEWER = "192.0.2.1", "192.0.2.2"


def test_one_address_has_all_room_that_nobody_else_wants() -> None:
    viewers = Viewers(room=3)
    with ExitStack() as stack:
        for _ in range(3):
            assert viewers.admits(CROWD)
            stack.enter_context(viewers.joined(CROWD))
        assert not viewers.admits(CROWD)
        assert viewers.admits(VIEWER)
    assert len(viewers) == 0
    assert viewers.admits(CROWD)


def test_who_has_most_gives_way_until_shares_are_even() -> None:
    viewers = Viewers(room=4)
    with ExitStack() as stack:
        crowd = [stack.enter_context(viewers.joined(CROWD)) for _ in range(4)]
        admitted = []
        while viewers.admits(VIEWER):
            admitted.append(stack.enter_context(viewers.joined(VIEWER)))
            assert len(viewers) == 4
        assert [viewer.dismissed for viewer in crowd] == [True, True, False, False]
        assert [viewer.dismissed for viewer in admitted] == [False, False]
        assert not viewers.admits(CROWD)
        # To somebody else either has to give.
        assert viewers.admits("192.0.2.3")
    assert len(viewers) == 0


def test_a_full_room_of_many_addresses_refuses() -> None:
    viewers = Viewers(room=2)
    with viewers.joined(CROWD), viewers.joined(VIEWER):
        assert not viewers.admits("192.0.2.3")


def figures_of_nobody() -> Figures:
    raise OSError


def config() -> Config:
    texts = {"en": Texts("Cats or dogs?", "Which?", {})}
    store = StoreConfig.from_environ(
        {"PG_PASSWORD_FILE": __file__, "TLS_DIRECTORY": str(directory_of("results"))}, "results"
    )
    return Config("store", texts, {}, True, frozenset(), store)


def test_the_more_watch_the_more_seldom_there_is_news(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("results.broadcaster.READ_SECONDS", 0.01)
    monkeypatch.setattr("results.broadcaster.EVENTS_PER_SECOND", 20)
    reads = itertools.count(1)
    enough = threading.Event()

    def read() -> Figures:
        backlog = next(reads)
        if backlog == 50:
            enough.set()
        return Figures.from_counts("open", backlog, [("a", "Cats", 1)])

    async def watch() -> None:
        broadcaster = Broadcaster(Renderer(config()), read)
        events: Counter[int] = Counter()

        async def count(viewer: int) -> None:
            async for _ in broadcaster.events(VIEWER, "en"):
                events[viewer] += 1

        began = time.monotonic()
        tasks = [asyncio.create_task(count(viewer)) for viewer in range(4)]
        tasks.append(asyncio.create_task(broadcaster.run()))
        assert await asyncio.to_thread(enough.wait, 60)
        elapsed = time.monotonic() - began
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # Each has how to come back, the figures at first, and news five times a second at most.
        assert 2 < events[0] <= 3 + elapsed * 20 / 4
        assert len({*events.values()}) == 1

    run(watch())


def test_the_stream_of_who_is_dismissed_ends() -> None:
    async def watch() -> None:
        broadcaster = Broadcaster(Renderer(config()), figures_of_nobody)
        broadcaster.viewers = Viewers(room=2)
        crowd = [broadcaster.events(CROWD, "en") for _ in range(2)]
        for stream in crowd:
            await anext(stream)
            await anext(stream)
        oldest = asyncio.ensure_future(anext(crowd[0], b"the end"))
        await asyncio.sleep(0)
        newcomer = broadcaster.events(VIEWER, "en")
        assert await anext(newcomer)
        assert await asyncio.wait_for(oldest, 5) == b"the end"
        assert len(broadcaster.viewers) == 2
        for stream in (newcomer, *crowd):
            await stream.aclose()
        assert len(broadcaster.viewers) == 0

    run(watch())


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "address"),
    [
        ("192.0.2.9", "", "192.0.2.9"),
        # Nobody else is believed.
        ("192.0.2.9", "198.51.100.1", "192.0.2.9"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "203.0.113.5, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64"),
        ("10.0.0.1", "2001:db8:0:1::9", "2001:db8:0:1::/64"),
        ("10.0.0.1", "no address:", "no address:"),
    ],
)
def test_a_viewer_is_who_the_load_balancer_says(
    peer: str, forwarded_for: str, address: str
) -> None:
    assert viewer_address(peer, forwarded_for, frozenset({"10.0.0.1"})) == address
