"""Would the judges notice? Each of these bugs is planted into a copy, and a test there has to fail."""

import re
from pathlib import Path

import pytest
from testing.planted import Bug, copy, failed, plant

CAST_BY_THE_FRONTEND = Bug(
    "cast by the frontend's clock",
    "apps/frontend/frontend/booth.py",
    "        cast = max(received, voter.last + 1)\n",
    '        cast = max(__import__("time").time_ns() // 1000, voter.last + 1)\n',
)
COOKIE_BY_SCHEME = Bug(
    "a cookie by scheme",
    "apps/frontend/frontend/app.py",
    "        start_response(answer.status, answer.headers)\n",
    """        https = environ.get("HTTP_X_FORWARDED_PROTO") == "https"
        secure = {"Set-Cookie": "; Secure" if https else ""}
        headers = [(name, value + secure.get(name, "")) for name, value in answer.headers]
        start_response(answer.status, headers)
""",
)
FIGURES_LOWERED = Bug(
    "a queue that reports fewer than before is believed",
    "apps/pg/migrations/versions/0011_entries.py",
    """                shortfall = greatest(shortfall, entries_added - added),
                entries_added = greatest(entries_added, added),
""",
    """                entries_added = added,
""",
)
IDENTITY_UNCHECKED = Bug(
    "a queue's identity is looked at once, and not on every connection",
    "apps/worker/worker/queue.py",
    "            if found != self._identity:\n",
    "            if False:\n",
)
ORDER = "apps/load/tests/test_order.py"


@pytest.mark.parametrize(
    ("bug", "test", "shown"),
    [
        (CAST_BY_THE_FRONTEND, f"{ORDER}::test_a_frontends_clock_decides_nothing", r"stale=[1-9]"),
        (
            CAST_BY_THE_FRONTEND,
            f"{ORDER}::test_a_request_that_is_repeated_is_as_old_as_it_was",
            r"stale=[1-9]",
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
            "apps/worker/tests/test_identity.py::test_every_connection_is_checked",
            "DID NOT RAISE",
        ),
    ],
)
def test_a_planted_bug_is_found(bug: Bug, test: str, shown: str) -> None:
    with copy() as project:
        plant(project, bug)

        assert re.search(shown, failed(project, test))


def test_what_cannot_be_planted_any_more_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("one\none\n")

    for right in ("one\n", "two\n"):
        with pytest.raises(RuntimeError, match="write 'bug' anew"):
            plant(tmp_path, Bug("bug", "file", right, "three\n"))
