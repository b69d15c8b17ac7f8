"""What the kernel must be able to do for Docker's storage and networks."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

LINKS = {
    "bridges": ("type", "bridge"),
    "veth pairs": ("type", "veth", "peer", "name", "probe1"),
    "VXLAN tunnels": ("type", "vxlan", "id", "1", "dstport", "4789", "local", "127.0.0.1"),
}
# The transform that Docker sets up between two nodes of an encrypted overlay network.
ESP = (
    *("ip", "xfrm", "state", "add", "src", "127.0.0.1", "dst", "127.0.0.2"),
    *("proto", "esp", "spi", "1", "mode", "transport"),
    *("aead", "rfc4106(gcm(aes))", "0x" + "01" * 20, "64"),
)


def run_apart(command: Sequence[str]) -> str:
    """Run a command in a network namespace that ends with it; return its error, "" if it worked.

    The kernel may load a module for it, as it will when Docker does the same.
    """
    done = subprocess.run(
        ["unshare", "--net", *command], capture_output=True, text=True, timeout=10, check=False
    )
    if done.returncode == 0:
        return ""
    return " ".join(done.stderr.split()) or f"exit code {done.returncode}"


def link_problems(attempt: Callable[[Sequence[str]], str] = run_apart) -> list[str]:
    """Try each kind of link that Docker makes."""
    problems = []
    for kind, arguments in LINKS.items():
        error = attempt(("ip", "link", "add", "probe0", *arguments))
        if error:
            problems.append(f"the kernel makes no {kind}, which Docker's networks need ({error})")
    return problems


def encryption_problems(attempt: Callable[[Sequence[str]], str] = run_apart) -> list[str]:
    """Try IPsec ESP: without it an encrypted overlay network carries nothing and says nothing."""
    error = attempt(ESP)
    if not error:
        return []
    return [f"the kernel makes no ESP tunnels, which encrypted overlay networks need ({error})"]


def feature_problems(modules: Path, proc: Path = Path("/proc")) -> list[str]:
    """Look for overlayfs and bridge netfilter, at work or loadable from ``modules``."""
    filesystems = (proc / "filesystems").read_text().split()
    features = {
        "overlayfs": ("overlay", "overlay" in filesystems),
        "bridge netfilter": (
            "br_netfilter",
            (proc / "sys/net/bridge/bridge-nf-call-iptables").exists(),
        ),
    }
    loadable = loadable_modules(modules)
    # A kernel upgraded without a reboot has lost the modules that it has not loaded yet.
    hint = "" if modules.is_dir() else f" ({modules} is missing: is a reboot due?)"
    return [
        f"the kernel lacks {feature}, which Docker needs{hint}"
        for feature, (module, at_work) in features.items()
        if not at_work and module not in loadable
    ]


def loadable_modules(directory: Path) -> set[str]:
    """Return the names of the modules that depmod(8) listed, built-in ones included."""
    names = set()
    for index in ("modules.dep", "modules.builtin"):
        path = directory / index
        for line in path.read_text().splitlines() if path.exists() else ():
            file = line.split(":")[0].rsplit("/", 1)[-1]
            names.add(file.split(".")[0].replace("-", "_"))
    return names
