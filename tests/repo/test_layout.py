"""What may know of what."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

TOOLS = Path("tools/landslide_tools")


def imported(path: Path) -> Iterator[str]:
    """Yield the packages that a module imports; relative imports stay within its own."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield str(node.module).partition(".")[0]


def test_only_the_entry_point_of_the_commands_knows_of_the_tools(root: Path) -> None:
    modules = (root / "cli/landslide_cli").rglob("*.py")

    assert [path.name for path in modules if "landslide_tools" in imported(path)] == ["__main__.py"]


def test_the_load_client_needs_nothing_but_python(root: Path) -> None:
    # Its image has no packages, and only this directory, under another name.
    used = {name for path in (root / TOOLS / "load_client").glob("*.py") for name in imported(path)}

    assert used <= sys.stdlib_module_names
