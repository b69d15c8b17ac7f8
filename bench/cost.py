"""What processes cost: CPU time and memory, as the kernel counts them in /proc (Linux)."""

from pathlib import Path

TICKS_PER_SECOND = 100  # USER_HZ of Linux


def machine_cpu() -> float:
    """Seconds of CPU time that this machine has spent on anything but waiting, since its boot."""
    user, nice, system, _idle, _iowait, irq, softirq, *_ = map(
        int, Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    )
    return (user + nice + system + irq + softirq) / TICKS_PER_SECOND


def family_cpu(*parents: int) -> float:
    """Seconds of CPU time of processes and all their children, living or ended."""
    ticks = 0
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The second field is the program's name in brackets, and may hold anything.
            fields = entry.read_text().rpartition(") ")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(entry.parent.name) in parents or int(fields[1]) in parents:
            ticks += sum(map(int, fields[11:15]))
    return ticks / TICKS_PER_SECOND


def resident_mb(process: int) -> float:
    """The memory of a process that is in RAM, in MiB."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0
