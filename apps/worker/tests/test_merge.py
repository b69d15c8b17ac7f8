"""Merging: several connections at once neither wait in a circle nor count anything twice."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random
from uuid import UUID, uuid4

import pytest
from testing.poll import Poll, entry
from worker.ballots import Batch, Entry, Sorter
from worker.queue import Figures
from worker.store import Report, Store

VOTERS = 300
CAST = 1_790_000_000_000_000
SORTER = Sorter(["a", "b", "test"], "pets")


QUEUE, OTHER = UUID(int=1), UUID(int=2)


@pytest.fixture
def stores(poll: Poll) -> Iterator[list[Store]]:
    """The connections of four workers, which all read both queues."""
    stores = [Store(poll.postgres.connect("worker"), f"worker{number}") for number in range(4)]
    for queue in (QUEUE, OTHER):
        stores[0].register(queue)
    yield stores
    for store in stores:
        store.close()


def merge(store: Store, entries: list[Entry], sorter: Sorter = SORTER, queue: UUID = QUEUE) -> None:
    store.merge({queue: sorter.sort(entries)})


def report(store: Store, figures: Figures, *, intake_open: bool = False) -> None:
    store.report({QUEUE: Report(figures, intake_open, "", "open", time.monotonic())})


def batches(random: Random, count: int) -> list[Batch]:
    """Batches over the same few voters and few entries, in any order, with ballots to reject."""
    return [
        SORTER.sort(
            (
                b"%d-0" % entry,
                [
                    b"voter", str(UUID(int=entry * 7 % VOTERS)).encode(),
                    b"choice", [b"a", b"b", b"test", b"nobody"][entry % 4],
                    b"cast", b"%d" % (CAST + entry % 5),
                ],
            )
            for entry in random.sample(range(1, 2000), 500)
        )
        for _ in range(count)
    ]  # fmt: skip


def test_merges_of_the_same_entries_and_voters_run_side_by_side(
    poll: Poll, stores: list[Store]
) -> None:
    def work(number: int) -> None:
        random = Random(number)
        for parts in zip(batches(random, 20), batches(random, 20), strict=True):
            stores[number].merge(dict(zip(random.sample([QUEUE, OTHER], 2), parts, strict=True)))

    with ThreadPoolExecutor(len(stores)) as threads:
        for outcome in [threads.submit(work, number) for number in range(len(stores))]:
            outcome.result(60)
    poll.check()
    assert "deadlock" not in poll.postgres.log_path.read_text()


def test_a_rejected_entry_keeps_its_payload_byte_for_byte(poll: Poll, stores: list[Store]) -> None:
    payload = [b"voter", b"\x00\\'\"{},\t\n\xff", b"", b"NULL"]
    merge(stores[0], [(b"7-1", payload), (b"7-2", None)])
    found = poll.postgres.query("SELECT entry_seq, payload FROM rejected ORDER BY entry_seq")
    assert [bytes(part) for part in found[0][1]] == payload
    assert found[1] == (2, None)


def test_an_entry_once_rejected_stays_rejected_when_its_choice_is_known_later(
    poll: Poll, stores: list[Store]
) -> None:
    fields = [b"voter", str(uuid4()).encode(), b"choice", b"c", b"cast", b"%d" % CAST]
    merge(stores[0], [(b"7-1", fields)])
    merge(stores[0], [(b"7-1", fields)], Sorter(["a", "c"], "pets"))
    assert poll.ballots() == 0
    poll.check()


def test_an_entry_once_counted_is_not_rejected_later(poll: Poll, stores: list[Store]) -> None:
    fields = [b"voter", str(uuid4()).encode(), b"choice", b"a", b"cast", b"%d" % CAST]
    merge(stores[0], [(b"7-1", fields)])
    merge(stores[0], [(b"7-1", None)])
    assert poll.postgres.query("SELECT * FROM rejected") == []
    poll.check()


def test_a_report_is_written_once_a_second_whoever_reports(poll: Poll, stores: list[Store]) -> None:
    reported = "SELECT entries_added FROM queues WHERE queue = %s"
    poll.postgres.query("UPDATE queues SET seen_at = now() - interval '1 minute'")
    report(stores[0], Figures(5, 1))
    report(stores[1], Figures(6, 1))
    assert poll.postgres.query(reported, QUEUE) == [(5,)]
    report(stores[1], Figures(6, 1), intake_open=True)
    assert poll.postgres.query(reported, QUEUE) == [(6,)]


def test_a_report_from_the_future_is_written_over(poll: Poll, stores: list[Store]) -> None:
    poll.postgres.query("UPDATE queues SET seen_at = now() + interval '1 hour'")
    report(stores[0], Figures(5, 1))
    assert poll.postgres.query("SELECT waiting FROM lag") == [(1,)]
    told = "SELECT count(*) FROM queues WHERE seen_at <= now() AND entries_added = 5"
    assert poll.postgres.query(told) == [(1,)]


def test_what_each_worker_has_added_is_counted_once(poll: Poll, stores: list[Store]) -> None:
    fields = [b"voter", str(uuid4()).encode(), b"choice", b"a", b"cast", b"%d" % CAST]
    batch = [(b"7-1", fields), (b"7-2", fields), (b"7-3", None)]
    merge(stores[0], batch)
    merge(stores[0], [*batch, (b"7-4", fields)])
    told = poll.postgres.query("SELECT ballots, rejected FROM deliveries")
    assert told == [(3, 1)]


@pytest.mark.parametrize("first", ["stored", "rejected", "deleted"])
@pytest.mark.parametrize("then", ["stored", "rejected"])
def test_another_entry_under_a_known_id_is_written_down(
    poll: Poll, stores: list[Store], first: str, then: str
) -> None:
    """A queue that has lost entries gives their ids to the next."""
    beside, other = _fields("stored", "a"), _fields(then, "a")
    merge(stores[0], [(b"7-1", _fields(first, "b")), (b"7-2", beside)])
    for _ in range(2):
        merge(stores[1], [(b"7-1", other), (b"7-2", beside), (b"7-3", beside)])
    # Another queue may have the same ids.
    merge(stores[0], [(b"7-1", other)], queue=OTHER)
    [(ms, seq, payload)] = poll.postgres.query(
        "SELECT entry_ms, entry_seq, payload FROM collisions"
    )
    assert (ms, seq) == (7, 1)
    assert other
    assert (other[3].decode() if then == "stored" else other[3].hex()) in payload


@pytest.mark.parametrize("layout", ["today's", "1.0.0's"])
def test_the_same_entry_is_no_other_one(poll: Poll, stores: list[Store], layout: str) -> None:
    """However it was sorted: a choice may be known by now, and an entry deleted meanwhile."""
    fields = _fields("stored", "a")
    assert fields
    if layout == "1.0.0's":
        fields = fields[2:8]
    for sorter in (SORTER, Sorter(["b"], "pets"), Sorter(["a"], "pets")):
        for number, content in ((1, fields), (2, fields), (3, None)):
            entry_id = b"%d-%d" % (number, len(sorter.accepts or ""))
            merge(stores[0], [(entry_id, content)], sorter)
            for again in (SORTER, Sorter(["b"], "pets")):
                merge(stores[0], [(entry_id, content), (b"9-9", fields)], again)
                merge(stores[0], [(entry_id, None)], again)
    assert poll.postgres.query("SELECT * FROM collisions") == []
    poll.check()


def _fields(kind: str, choice: str) -> list[bytes] | None:
    """What is delivered of an entry that becomes `kind`: stored, rejected or deleted."""
    if kind == "deleted":
        return None
    values = entry(choice if kind == "stored" else "nobody")
    return [part.encode() for pair in values.items() for part in pair]
