"""The report of a run: one HTML page with a row for each schedule."""

from pathlib import Path
from typing import Any

from common.pages import templates

from .noticed import held_up


def summary(result: dict[str, Any]) -> str:
    """Return the result of a round, in a line."""
    wrong = [
        f"{result[name]:,} {name.upper()}"
        for name in ("lost", "doubled", "ghosts", "stale")
        if result[name]
    ]
    if result["spared"] and result["failed"]:
        wrong.append("VOTES FAILED although a frontend and a load balancer were available")
    if result["missed"]:
        wrong.append(f"the fault did not happen: {result['faults'][0]['problem']}")
    return "; ".join(
        [
            f"{result['acknowledged']:,} votes acknowledged",
            f"{result['failed']:,} failed",
            f"{result['ambiguous']:,} ambiguous",
            f"longest gap {result['longest_gap']:.1f} s",
            f"recovered after {result['recovery_seconds']:.1f} s",
            *(
                [f"this machine's disk took {result['disk_seconds']:.1f} s"]
                if held_up(result)
                else []
            ),
            ", ".join(wrong) or "each counted exactly once",
        ]
    )


def write(path: Path, rounds: list[dict[str, Any]]) -> None:
    """Write the report of these rounds to `path`, beside their own directories."""
    template = templates("landslide_tools").get_template("chaos.html")
    path.write_text(template.render(rounds=rounds, held_up=held_up), encoding="utf-8")
