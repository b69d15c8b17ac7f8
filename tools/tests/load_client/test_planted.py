"""Would the judges notice? Each bug is planted into a copy, where a test has to fail."""

import re
from pathlib import Path

import pytest
from landslide_tools.planted.__main__ import DEPLOYED
from landslide_tools.planted.bugs import (
    CAST_BY_THE_FRONTEND,
    COOKIE_BY_SCHEME,
    FIGURES_LOWERED,
    IDENTITY_UNCHECKED,
    Bug,
    copy,
    failed,
    plant,
)

ORDER = "tools/tests/load_client/test_order.py"


@pytest.mark.parametrize(
    ("bug", "test", "shown"),
    [
        (CAST_BY_THE_FRONTEND, f"{ORDER}::test_a_frontends_clock_decides_nothing", r"stale=[1-9]"),
        (
            CAST_BY_THE_FRONTEND,
            f"{ORDER}::test_a_request_that_is_repeated_is_as_old_as_it_was",
            r"(stale|ghosts)=[1-9]",
        ),
        (
            COOKIE_BY_SCHEME,
            f"{ORDER}::test_one_browser_is_one_voter_by_http_and_https",
            r"lost=[1-9].*ghosts=[1-9]",
        ),
        (
            FIGURES_LOWERED,
            "apps/pg/tests/test_reports.py::test_what_was_reported_is_never_lowered",
            "assert",
        ),
        (
            IDENTITY_UNCHECKED,
            "apps/worker/tests/test_identity.py::test_a_frozen_worker_wakes_at_another_queue",
            r"assert \{",
        ),
    ],
)
def test_a_planted_bug_is_found(bug: Bug, test: str, shown: str) -> None:
    with copy() as project:
        plant(project, bug)

        assert re.search(shown, failed(project, test))


def test_what_is_planted_into_a_lab_can_be_planted() -> None:
    for bug in DEPLOYED:
        with copy() as project:
            plant(project, bug)


def test_what_cannot_be_planted_any_more_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("one\none\n")

    for right in ("one\n", "two\n"):
        with pytest.raises(RuntimeError, match="write 'bug' anew"):
            plant(tmp_path, Bug("bug", "file", right, "three\n"))
