from pathlib import Path

from ansible_collections.landslide.voting.plugins.filter.connection_problems import (
    FilterModule,
    connection_problems,
)

SHIPPED = (Path(__file__).parents[4] / "apps/pg/postgresql.conf").read_text()


def groups(workers: int, frontends: int = 2) -> dict[str, list[str]]:
    return {
        "worker": [f"worker{number}" for number in range(workers)],
        "frontend": [f"frontend{number}" for number in range(frontends)],
    }


def test_the_filter_has_its_name() -> None:
    assert FilterModule().filters() == {"connection_problems": connection_problems}


def test_what_is_shipped_has_room_for_many_workers_and_any_number_of_queues() -> None:
    assert connection_problems(groups(64, frontends=200), SHIPPED) == []


def test_workers_that_do_not_fit_are_told_with_the_number_that_does() -> None:
    assert connection_problems(groups(15), "a = 1\nmax_connections = 50\n") == []
    [problem] = connection_problems(groups(16), "a = 1\nmax_connections = 50\n")
    assert problem.startswith("16 workers may take 32 connections")
    assert "At most 15 workers" in problem


def test_a_configuration_without_the_limit_is_told() -> None:
    [problem] = connection_problems(groups(1), "# max_connections = 5\n")
    assert "no line" in problem
