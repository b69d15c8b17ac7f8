"""The Vagrantfile is one that Vagrant takes, for each provider."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
from pathlib import Path

import pytest

SSH_CONFIG = """\
Host frontend01
  HostName 127.0.0.1
  User vagrant
  Port 2520
  UserKnownHostsFile /dev/null
  IdentityFile {key}

Host store01
  HostName 127.0.0.1
  User vagrant
  Port 2750
  IdentityFile "{key}"
"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of programs that come first, and a home and memory of its own for Vagrant."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")
    monkeypatch.setenv("VAGRANT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("VAGRANT_DOTFILE_PATH", str(tmp_path / "machines"))
    return directory


def write_program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def vagrant(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["vagrant", *arguments], cwd=root, capture_output=True, text=True, check=False
    )


def run(root: Path, *command: str) -> str:
    environment = os.environ | {"ANSIBLE_CONFIG": str(root / "ansible.cfg")}
    return subprocess.run(
        command, cwd=root, env=environment, check=True, capture_output=True, text=True
    ).stdout


@pytest.mark.parametrize("provider", ["virtualbox", "libvirt", "docker"])
def test_the_vagrantfile_is_valid(
    provider: str, root: Path, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All that Vagrant asks before it judges the settings is VirtualBox's version, and whether a
    # Docker engine answers. These tests need neither; the scenario `vagrant` has a real engine.
    write_program(programs / "VBoxManage", "echo 7.0.20r163906")
    write_program(programs / "docker", "echo 20.10.24")
    monkeypatch.setenv("VAGRANT_DEFAULT_PROVIDER", provider)
    judged = vagrant(root, "validate")
    assert judged.returncode == 0, judged.stdout + judged.stderr


@pytest.mark.parametrize("count", ["0", "9", "two"])
def test_a_number_of_machines_that_has_no_addresses_is_told(
    count: str, root: Path, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANDSLIDE_FRONTENDS", count)
    judged = vagrant(root, "validate")
    assert judged.returncode != 0
    assert (
        judged.stderr
        == f"LANDSLIDE_FRONTENDS is {count}; inventories/vagrant has addresses for 1 to 8.\n"
    )


def test_the_inventory_is_what_vagrant_tells(root: Path, programs: Path, tmp_path: Path) -> None:
    (tmp_path / "id").write_text("1234")
    write_program(
        programs / "vagrant", f"cat <<'end'\n{SSH_CONFIG.format(key=tmp_path / 'key')}\nend"
    )
    inventory = ["-i", "inventories/vagrant"]
    groups = json.loads(run(root, "ansible-inventory", *inventory, "--list"))
    assert groups["frontend"]["hosts"] == ["frontend01"]
    store = groups["_meta"]["hostvars"]["store01"]
    assert store["ansible_port"] == "2750"
    assert store["ansible_ssh_private_key_file"] == str(tmp_path / "key")
    ssh = store["ansible_ssh_common_args"]
    assert "HostKeyAlias=1234 -o StrictHostKeyChecking=accept-new" in ssh
    told = run(root, "ansible", *inventory, "store01", "-m", "debug", "-a", "var=node_address")
    assert "192.168.33.250" in told


def test_no_machine_is_told(root: Path, programs: Path) -> None:
    write_program(programs / "vagrant", "echo not ready for SSH >&2; exit 1")
    with pytest.raises(SystemExit, match=r'"vagrant up" first\. not ready for SSH'):
        runpy.run_path(str(root / "inventories/vagrant/hosts.py"), run_name="__main__")
