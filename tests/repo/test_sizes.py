"""A file holds one subject, and is short enough to be read whole."""

from __future__ import annotations

from pathlib import Path

import pytest

TASK_LINES = 120
MODULE_LINES = 300


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


@pytest.mark.parametrize(
    ("pattern", "most"),
    [
        ("roles/*/tasks/**/*.yml", TASK_LINES),
        ("roles/*/handlers/*.yml", TASK_LINES),
        ("playbooks/**/*.yml", TASK_LINES),
        ("molecule/**/*.yml", TASK_LINES),
        ("apps/**/*.py", MODULE_LINES),
        ("cli/**/*.py", MODULE_LINES),
        ("tools/**/*.py", MODULE_LINES),
        ("plugins/**/*.py", MODULE_LINES),
        ("molecule/**/*.py", MODULE_LINES),
        ("tests/**/*.py", MODULE_LINES),
        ("bench/**/*.py", MODULE_LINES),
    ],
)
def test_no_file_is_too_long(pattern: str, most: int, root: Path) -> None:
    too_long = {
        str(path.relative_to(root)): lines(path)
        for path in root.glob(pattern)
        if lines(path) > most
    }
    assert too_long == {}
