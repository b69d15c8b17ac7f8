#!/usr/bin/env python3
"""How long ./landslide takes: from nothing to the first counted vote, and again with nothing to do.

    bench/deploy.py [ROUNDS]

Each round takes the lab down (votes and all), brings it up, and runs `up` once more. Prints
seconds of wall time, and of CPU time of the whole machine, whatever else it was doing: the nodes
are containers of this machine, and their work is most of it. Says what a round left behind.
"""

import subprocess
import sys
import time
from pathlib import Path

from cost import machine_cpu

ROOT = Path(__file__).resolve().parent.parent
OBJECTS = {"container": ["-a"], "volume": [], "network": [], "image": []}


def timed(*command: str) -> tuple[float, float]:
    """Run ./landslide; return (wall, CPU) seconds."""
    wall, cpu = time.monotonic(), machine_cpu()
    subprocess.run([ROOT / "landslide", *command], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - wall, machine_cpu() - cpu


def residue() -> list[str]:
    """What the Docker engine still holds of a lab."""
    found = []
    for kind, options in OBJECTS.items():
        command = ["docker", kind, "ls", "-q", *options, "--filter", "label=landslide.lab=lab"]
        names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        found += [f"{kind} {name}" for name in names]
    return found


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    print(f"{'round':>5} {'step':<15} {'wall s':>7} {'cpu s':>8}")
    timed("down", "--yes")
    for number in range(1, rounds + 1):
        for step, command in (
            ("up from nothing", ["up"]),
            ("up again", ["up"]),
            ("down", ["down", "--yes"]),
        ):
            wall, cpu = timed(*command)
            print(f"{number:>5} {step:<15} {wall:>7.1f} {cpu:>8.1f}", flush=True)
        print(f"{number:>5} left behind: {', '.join(residue()) or 'nothing'}", flush=True)


if __name__ == "__main__":
    main()
