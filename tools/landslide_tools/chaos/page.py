"""The report of a run: one HTML page with a row for each schedule."""

from pathlib import Path
from typing import Any

from landslide_tools.load.page import template


def summary(result: dict[str, Any]) -> str:
    """Return what came of a schedule, in a line."""
    wrong = [
        f"{result[name]:,} {name.upper()}"
        for name in ("lost", "doubled", "ghosts", "stale")
        if result[name]
    ]
    if result["spared"] and result["failed"]:
        wrong.append("VOTERS NOTICED, though a frontend was there for them")
    if result["missed"]:
        wrong.append(f"what was to happen did not: {result['faults'][0]['problem']}")
    return "; ".join(
        [
            f"{result['acknowledged']:,} votes acknowledged",
            f"{result['failed']:,} failed",
            f"{result['ambiguous']:,} ambiguous",
            f"{result['longest_gap']:.1f} s without any",
            f"whole again after {result['recovery_seconds']:.1f} s",
            ", ".join(wrong) or "each counted exactly once",
        ]
    )


def write(path: Path, rounds: list[dict[str, Any]]) -> None:
    """Write the report of these schedules to `path`, beside their own directories."""
    page = template("landslide_tools.chaos").render(rounds=rounds)
    path.write_text(page, encoding="utf-8")
