"""Sets the clock of a node that shares one with its host: of each of its processes.

    clock.py SECONDS...   ahead of the true time; a second each, in turn, until it is told to end
    clock.py              all have the true time again

A process asks the kernel's vDSO for the time: code that the kernel maps into it (vdso(7)). Its
functions are overwritten, in each process's own copy, with such as ask by a system call and add the
seconds. Timers and the monotonic clock stay as they are, as they do where a clock is set. The times
of files stay true, too, and what starts has the true time for up to a second.
"""

import contextlib
import ctypes
import itertools
import os
import re
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

TURN_SECONDS = 1.0
ATTEMPTS, LOOK_SECONDS = 1000, 0.001


def code(seconds: int) -> dict[str, bytes]:
    """Return what each function is overwritten with: x86-64, in the System V calling convention."""
    more = struct.pack("<i", seconds)
    return {
        "__vdso_clock_gettime": (
            b"\xb8\xe4\x00\x00\x00\x0f\x05"  # mov eax, 228 (clock_gettime); syscall
            b"\x85\xff\x74\x05"  # test edi, edi (CLOCK_REALTIME); je to the addition
            b"\x83\xff\x05\x75\x07"  # cmp edi, 5 (CLOCK_REALTIME_COARSE); jne to the return
            b"\x48\x81\x06" + more + b"\xc3"  # add qword [rsi], seconds; ret
        ),
        "__vdso_gettimeofday": (
            b"\xb8\x60\x00\x00\x00\x0f\x05"  # mov eax, 96 (gettimeofday); syscall
            b"\x48\x85\xff\x74\x07"  # test rdi, rdi; je to the return
            b"\x48\x81\x07" + more + b"\xc3"  # add qword [rdi], seconds; ret
        ),
        "__vdso_time": (
            b"\xb8\xc9\x00\x00\x00\x0f\x05"  # mov eax, 201 (time); syscall
            b"\x48\x05"
            + more  # add rax, seconds
            + b"\x48\x85\xff\x74\x03\x48\x89\x07\xc3"  # test rdi, rdi; je +3; mov [rdi], rax; ret
        ),
    }


def vdso(process: str) -> tuple[int, int]:
    """Return where a process has its vDSO: the first address, and that after the last."""
    maps = Path(f"/proc/{process}/maps").read_text()
    found = re.search(r"^(\w+)-(\w+) .*\[vdso\]$", maps, re.MULTILINE)
    if found is None:
        raise ProcessLookupError
    return int(found[1], 16), int(found[2], 16)


def functions() -> dict[str, tuple[int, bytes]]:
    """Return each function's place in the vDSO, the same in all processes, and its true code."""
    begin, _ = vdso("self")
    library = ctypes.CDLL("linux-vdso.so.1")
    found = {}
    for name, text in code(0).items():
        address = ctypes.cast(library[name], ctypes.c_void_p).value or 0
        found[name] = address - begin, ctypes.string_at(address, len(text))
    return found


def stopped(process: int) -> bool:
    """Say whether a process was stopped by a signal (proc_pid_stat(5))."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].startswith("T")


def at_rest(process: int) -> bool:
    """Say whether no thread of a process runs, and none is within its vDSO."""
    begin, end = vdso(str(process))
    for task in Path(f"/proc/{process}/task").iterdir():
        # The program counter comes last (proc_pid_syscall(5)).
        *_, where = (task / "syscall").read_text().split()
        if where == "running" or begin <= int(where, 16) < end:
            return False
    return True


@contextlib.contextmanager
def held(process: int) -> Iterator[None]:
    """While this holds, a process is at rest."""
    was_stopped = stopped(process)
    try:
        for _ in range(ATTEMPTS):
            os.kill(process, signal.SIGSTOP)
            # Nobody but its parent is told when the last thread has stopped.
            time.sleep(LOOK_SECONDS)
            if at_rest(process):
                break
            if not was_stopped:
                os.kill(process, signal.SIGCONT)
        else:
            raise TimeoutError(f"process {process} does not stop")
        yield
    finally:
        if not was_stopped:
            os.kill(process, signal.SIGCONT)


def set_clock(process: int, changes: dict[int, bytes]) -> None:
    """Overwrite, at these places, the vDSO of a process, unless it is of this text already."""
    begin, _ = vdso(str(process))
    memory = os.open(f"/proc/{process}/mem", os.O_RDWR)
    try:
        if all(
            os.pread(memory, len(text), begin + place) == text for place, text in changes.items()
        ):
            return
        with held(process):
            for place, text in changes.items():
                os.pwrite(memory, text, begin + place)
    finally:
        os.close(memory)


def set_clocks(changes: dict[int, bytes]) -> None:
    """Do so with every process but this one."""
    for entry in Path("/proc").glob("[0-9]*"):
        # Some end while they are looked at; the kernel's own have no vDSO.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if int(entry.name) != os.getpid():
                set_clock(int(entry.name), changes)


def main() -> None:
    """Set the clocks."""
    if os.uname().machine != "x86_64":
        sys.exit("Clocks can be set on x86-64 only.")
    # Nobody is left at rest.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    true = functions()
    if len(sys.argv) == 1:
        set_clocks(dict(true.values()))
    for turn, seconds in enumerate(itertools.cycle(map(int, sys.argv[1:]))):
        set_clocks({true[name][0]: text for name, text in code(seconds).items()})
        if turn == 0:
            subprocess.run(["systemd-notify", "--ready"], check=True)
        time.sleep(TURN_SECONDS)


if __name__ == "__main__":
    main()
