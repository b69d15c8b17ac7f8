"""The report of a run: one HTML page with a row for each schedule."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def summary(result: dict[str, Any]) -> str:
    """Return what came of a schedule, in a line."""
    wrong = [
        f"{result[name]:,} {name}"
        for name in ("lost", "doubled", "ghosts", "stale")
        if result[name]
    ]
    if result["spared"] and result["failed"]:
        wrong.append("voters noticed, though a frontend was there for them")
    return "; ".join(
        [
            f"{result['acknowledged']:,} votes acknowledged",
            f"{result['failed']:,} failed",
            f"{result['longest_gap']:.1f} s without any",
            f"whole again after {result['recovery_seconds']:.1f} s",
            ", ".join(wrong).upper() or "each counted exactly once",
        ]
    )


def write(path: Path, rounds: list[dict[str, Any]]) -> None:
    """Write the report of these schedules to `path`, beside their own directories."""
    environment = Environment(
        loader=PackageLoader("landslide_cli.chaos"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("report.html").render(rounds=rounds)
    path.write_text(page, encoding="utf-8")
