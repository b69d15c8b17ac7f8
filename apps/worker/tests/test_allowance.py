"""What a worker holds is bounded, and no queue that hangs takes the others' share."""

from worker.allowance import IN_HAND, Allowance


def test_a_read_may_bring_a_batch_where_others_take_none() -> None:
    allowance = Allowance(10_000)
    allowance.queues = 200
    for _ in range(3):
        count = allowance.take()
        assert count == 10_000
        allowance.give_back(count)


def test_all_together_hold_a_bounded_number_however_many_they_are() -> None:
    for queues in (1, 2, 50, 200, 100_000):
        allowance = Allowance(10_000)
        allowance.queues = queues
        taken = [allowance.take() for _ in range(queues)]
        assert min(taken) >= 1
        assert sum(taken) <= IN_HAND * 10_000 + max(IN_HAND * 10_000, queues)


def test_where_many_hang_each_other_has_its_share() -> None:
    allowance = Allowance(10_000)
    allowance.queues = 200
    for _ in range(100):
        allowance.take()
    assert allowance.take() == IN_HAND * 10_000 // 200
