"""What is installed is what was locked, from wherever it is fetched."""

from __future__ import annotations

import re
from pathlib import Path

ADDRESS = re.compile(r"://|^--(index-url|extra-index-url|find-links|trusted-host)|^-[if] ", re.M)


def locks(tracked: list[Path]) -> dict[Path, str]:
    """Return the lock files with their lines joined and without comments."""
    found = [path for path in tracked if re.fullmatch(r"requirements.*\.txt", path.name)]
    assert found
    return {
        path: re.sub(r"\s*#.*", "", path.read_text().replace("\\\n", " ")).strip() for path in found
    }


def test_every_requirement_is_locked_with_hashes(tracked: list[Path]) -> None:
    loose = [
        f"{path}: {line}"
        for path, text in locks(tracked).items()
        for line in text.splitlines()
        if line.strip() and not re.match(r"\S+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)
    ]
    assert loose == []


def test_no_lock_records_an_address(tracked: list[Path]) -> None:
    assert [str(path) for path, text in locks(tracked).items() if ADDRESS.search(text)] == []
