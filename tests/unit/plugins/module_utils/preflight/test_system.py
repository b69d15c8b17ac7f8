from os import statvfs_result
from pathlib import Path

import pytest
from ansible_collections.landslide.voting.plugins.module_utils.preflight.system import (
    cgroup_problems,
    disk_problems,
    distribution_problems,
    systemd_problems,
    tracking_problems,
    untried,
)

DEBIAN = {"ID": "debian", "VERSION_ID": "13", "PRETTY_NAME": "Debian GNU/Linux 13 (trixie)"}
UBUNTU = {"ID": "ubuntu", "VERSION_ID": "24.04", "PRETTY_NAME": "Ubuntu 24.04.1 LTS"}


@pytest.mark.parametrize("release", [DEBIAN, UBUNTU])
def test_supported_distributions_pass(release: dict[str, str]) -> None:
    assert distribution_problems(release) == []


@pytest.mark.parametrize("name", ["12 (bookworm)", "14 (forky)"])
def test_another_distribution_is_refused_by_its_name(name: str) -> None:
    number = name.split()[0]
    release = {"ID": "debian", "VERSION_ID": number, "PRETTY_NAME": f"Debian GNU/Linux {name}"}
    assert distribution_problems(release) == [
        f"this is Debian GNU/Linux {name}; supported are Debian 13 and, untried, Ubuntu 24.04. "
        "Upgrade or replace the machine: docs/places.md says how, also in a cluster of version 1.0"
    ]


def test_what_may_work_and_was_not_tried_is_told() -> None:
    assert untried(DEBIAN, "x86_64") == []
    assert untried(UBUNTU, "aarch64") == [
        "Landslide has not been tried on Ubuntu 24.04.1 LTS, only on Debian 13.",
        "Landslide has not been tried on aarch64, only on x86_64.",
    ]


def test_a_release_without_fields_is_refused() -> None:
    assert "an unknown distribution" in distribution_problems({})[0]


def test_systemd_is_looked_for(tmp_path: Path) -> None:
    assert systemd_problems(tmp_path) == []
    assert len(systemd_problems(tmp_path / "absent")) == 1


def free(mib: int) -> statvfs_result:
    return statvfs_result((4096, 4096, 0, 0, mib * 256, 0, 0, 0, 0, 255))


def test_disk_is_measured_where_the_directory_will_be(tmp_path: Path) -> None:
    asked = []

    def statvfs(path: Path) -> statvfs_result:
        asked.append(path)
        return free(100)

    directory = tmp_path / "lib" / "docker"
    assert disk_problems(directory, 100, statvfs) == []
    assert disk_problems(directory, 101, statvfs) == [
        f"{directory} has 100 MiB free; 101 MiB are needed"
    ]
    assert asked == [tmp_path, tmp_path]


def test_controllers_of_cgroup_2(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io\n")
    assert cgroup_problems(["cpu"], tmp_path) == []
    assert cgroup_problems(["cpu", "memory"], tmp_path) == [
        "the memory cgroup controller is missing; limits of services need it"
    ]


def test_controllers_of_cgroup_1(tmp_path: Path) -> None:
    (tmp_path / "memory").mkdir()
    assert cgroup_problems(["memory"], tmp_path) == []
    assert len(cgroup_problems(["cpu"], tmp_path)) == 1


def test_room_for_tracked_connections_is_judged_where_it_cannot_be_made(tmp_path: Path) -> None:
    assert tracking_problems(100_000, tmp_path) == []
    limit = tmp_path / "sys/net/netfilter/nf_conntrack_max"
    limit.parent.mkdir(parents=True)
    limit.write_text("65536\n")
    # The role docker enlarges it.
    assert tracking_problems(100_000, tmp_path) == []


def test_too_little_room_is_named_with_both_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = tmp_path / "sys/net/netfilter/nf_conntrack_max"
    limit.parent.mkdir(parents=True)
    limit.write_text("65536\n")
    # Root may write every file but those of the kernel.
    monkeypatch.setattr("os.access", lambda *_: False)
    assert tracking_problems(65_536, tmp_path) == []
    (problem,) = tracking_problems(100_000, tmp_path)
    assert "room for 65,536 tracked connections, where 100,000 are needed" in problem
