import pytest
from landslide_cli.errors import Problem
from landslide_cli.test import alone


def test_a_second_run_is_told_of_the_first(tmp_path):
    lock = tmp_path / "lock"
    with alone(lock), pytest.raises(Problem, match="wait until it ends"), alone(lock):
        pass
    with alone(lock):
        pass
