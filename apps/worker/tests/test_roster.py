"""Who reads which queue: each worker finds the same answer, and a change moves what it must."""

from itertools import combinations

from worker.roster import PATIENCE, READERS, Member, Roster, readers

QUEUES = [f"10.0.0.{number}" for number in range(200)]
WORKERS: dict[str, list[str]] = {f"worker{number:02}": [] for number in range(1, 9)}


def test_two_read_each_queue_and_all_read_about_as_many() -> None:
    chosen = {queue: readers(queue, WORKERS) for queue in QUEUES}
    assert {len(names) for names in chosen.values()} == {READERS}
    shares = [sum(name in names for names in chosen.values()) for name in WORKERS]
    assert sum(shares) == 400
    assert 25 <= min(shares) <= max(shares) <= 75


def test_where_there_are_no_more_than_two_they_read_all() -> None:
    for names in (["a"], ["a", "b"]):
        assert readers("10.0.0.1", {name: [] for name in names}) == set(names)
    assert readers("10.0.0.1", {}) == set()


def test_one_that_goes_is_replaced_where_it_read_and_nowhere_else() -> None:
    for gone in WORKERS:
        left = {name: [] for name in WORKERS if name != gone}
        for queue in QUEUES:
            before, after = readers(queue, WORKERS), readers(queue, left)
            assert after >= before - {gone}
            assert after == before or gone in before


def test_those_who_cannot_reach_a_queue_try_on_beside_two_who_can() -> None:
    for cut_off in combinations(WORKERS, 3):
        workers = {name: QUEUES if name in cut_off else [] for name in WORKERS}
        for queue in QUEUES[:20]:
            chosen = readers(queue, workers)
            assert len(chosen - set(cut_off)) == READERS
            # What it cannot reach does not make a worker a reader.
            assert chosen & set(cut_off) == chosen - readers(
                queue, {name: [] for name in WORKERS if name not in cut_off}
            )
            assert readers(queue, WORKERS) & set(cut_off) <= chosen
    assert readers("10.0.0.1", dict.fromkeys(WORKERS, QUEUES)) == set(WORKERS)


def members(**beats: int) -> list[Member]:
    return [Member(name, beat, []) for name, beat in beats.items()]


def test_a_worker_is_gone_when_its_beat_stands_still_while_another_beats_often() -> None:
    roster = Roster("a")
    for beat in range(PATIENCE):
        alive, gone = roster.look(members(a=beat, b=beat, c=7))
        assert (set(alive), gone) == ({"a", "b", "c"}, [])
    alive, gone = roster.look(members(a=PATIENCE, b=PATIENCE, c=7))
    assert (set(alive), gone) == ({"a", "b"}, members(c=7))
    alive, gone = roster.look(members(a=PATIENCE + 1, b=PATIENCE + 1, c=8))
    assert (set(alive), gone) == ({"a", "b", "c"}, [])


def test_one_that_begins_counts_what_it_finds_as_alive_and_itself_always() -> None:
    roster = Roster("a")
    for _ in range(PATIENCE * 2):
        alive, gone = roster.look(members(a=7))
        assert (set(alive), gone) == ({"a"}, [])
