from collections.abc import Sequence
from pathlib import Path

from ansible_collections.landslide.voting.plugins.module_utils.preflight.kernel import (
    encryption_problems,
    feature_problems,
    link_problems,
)


def make_proc(root: Path, filesystems: str, bridge_netfilter: bool) -> Path:
    (root / "proc/sys/net").mkdir(parents=True)
    (root / "proc/filesystems").write_text(filesystems)
    if bridge_netfilter:
        (root / "proc/sys/net/bridge").mkdir()
        (root / "proc/sys/net/bridge/bridge-nf-call-iptables").write_text("1\n")
    return root / "proc"


def test_every_link_that_works_is_no_problem() -> None:
    assert link_problems(lambda command: "") == []


def test_a_link_that_fails_is_told_with_the_error() -> None:
    def attempt(command: Sequence[str]) -> str:
        return "Error: Unknown device type." if "vxlan" in command else ""

    assert link_problems(attempt) == [
        "the kernel makes no VXLAN tunnels, which Docker's networks need "
        "(Error: Unknown device type.)"
    ]


def test_encryption_is_tried() -> None:
    assert encryption_problems(lambda command: "") == []
    assert "no ESP" in encryption_problems(lambda command: "Error: no algorithm.")[0]


def test_features_at_work_need_no_modules(tmp_path: Path) -> None:
    proc = make_proc(tmp_path, "nodev\toverlay\n", bridge_netfilter=True)
    assert feature_problems(tmp_path / "absent", proc) == []


def test_features_may_be_loadable(tmp_path: Path) -> None:
    proc = make_proc(tmp_path, "\text4\n", bridge_netfilter=False)
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "modules.dep").write_text(
        "kernel/fs/overlayfs/overlay.ko.xz:\n"
        "kernel/net/bridge/br-netfilter.ko.xz: kernel/net/bridge/bridge.ko.xz\n"
    )
    assert feature_problems(modules, proc) == []


def test_features_that_are_nowhere_are_all_told(tmp_path: Path) -> None:
    proc = make_proc(tmp_path, "\text4\n", bridge_netfilter=False)
    modules = tmp_path / "modules"
    modules.mkdir()
    assert feature_problems(modules, proc) == [
        "the kernel lacks overlayfs, which Docker needs",
        "the kernel lacks bridge netfilter, which Docker needs",
    ]
    assert "is a reboot due?" in feature_problems(tmp_path / "absent", proc)[0]
