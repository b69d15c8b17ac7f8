"""docs/capacity.md says what the figures say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_the_document_is_made_of_the_figures(root: Path) -> None:
    written = subprocess.run(
        [sys.executable, root / "bench/capacity.py"], check=True, capture_output=True, text=True
    ).stdout
    assert (root / "docs/capacity.md").read_text() == written, (
        "bench/capacity.py > docs/capacity.md"
    )
