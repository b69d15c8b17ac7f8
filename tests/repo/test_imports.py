"""No two modules import each other, by whatever way round."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest


def names(root: Path, tracked: list[Path], sources: list[Path]) -> dict[str, Path]:
    """Return every module by the name that others import it by."""
    found = {}
    for path in tracked:
        place = next((parent for parent in path.parents if parent in sources), root)
        name = ".".join(path.relative_to(place).with_suffix("").parts).removesuffix(".__init__")
        if path.is_relative_to(root / "plugins"):
            name = f"ansible_collections.landslide.voting.{name}"
        if path.suffix == ".py" and "tests" not in path.parts:
            found[name] = path
    return found


def imported(name: str, path: Path) -> Iterator[str]:
    """Return what a module imports, be it a module or something in one."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def test_no_imports_go_in_a_circle(
    root: Path, tracked: list[Path], pytestconfig: pytest.Config
) -> None:
    modules = names(root, tracked, pytestconfig.getini("pythonpath"))
    graph = {name: set(imported(name, path)) & modules.keys() for name, path in modules.items()}
    assert graph["landslide_cli.__main__"] > {"landslide_cli.up", "landslide_tools.load.command"}
    # Raises CycleError, which names the circle.
    list(TopologicalSorter(graph).static_order())
