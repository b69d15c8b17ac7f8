"""roles/docker where a run was interrupted, on a machine whose engine exists in words only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

# Shows the engine's unit as active; a restart fails where $BROKEN exists.
SYSTEMCTL = """#!/bin/sh
echo "$*" >> "$CALLS"
case "$*" in
    show*) printf '%s=%s\\n' Id docker.service LoadState loaded ActiveState active ;;
    restart*) ! [ -e "$BROKEN" ] ;;
esac
"""
DOCKER = """#!/bin/sh
case "$1" in
    info) echo 0 false ;;
    *) exit 1 ;;
esac
"""
PROXY = "http://landslide:pr0xypass@192.0.2.1:3128"
PLAY = """
- name: Engine
  hosts: worker[0]
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        name: landslide.voting.docker
        tasks_from: configure
"""


class Machine:
    """The files that the role writes, and the calls of systemctl."""

    def __init__(self, place: Path, root: Path) -> None:
        self.place, self.root = place, root
        self.calls, self.broken = place / "calls", place / "broken"
        self.packages, self.engine = place / "landslide/proxy.env", place / "docker/landslide.env"
        self.drop_in = place / "docker.service.d/landslide.conf"
        for folder in ("bin", "docker"):
            (place / folder).mkdir()
        for name, text in (("systemctl", SYSTEMCTL), ("docker", DOCKER), ("dockerd", "#!/bin/sh")):
            (place / "bin" / name).write_text(text)
            (place / "bin" / name).chmod(0o755)
        (place / "play.yml").write_text(PLAY)

    def configure(self, proxy: str = "") -> tuple[bool, int]:
        """Run the role; return whether it ended well, and how often the engine was restarted."""
        self.calls.write_text("")
        settings = {
            "ansible_connection": "local",
            "ansible_become": False,
            "ansible_python_interpreter": sys.executable,
            "common_http_proxy": proxy,
            "__common_proxy_file": str(self.packages),
            "__docker_directory": str(self.place / "docker"),
            "__docker_drop_in": str(self.drop_in),
            "__docker_restart_file": str(self.place / "restart"),
        }
        played = subprocess.run(
            [
                # Files are root's.
                *(() if os.geteuid() == 0 else ("unshare", "--map-root-user")),
                *(sys.executable, "-m", "ansible", "playbook", "-i", "inventories/example"),
                *("-e", json.dumps(settings), str(self.place / "play.yml")),
            ],
            cwd=self.root,
            env=os.environ
            | {
                "ANSIBLE_CONFIG": str(self.root / "ansible.cfg"),
                "PATH": f"{self.place / 'bin'}:{os.environ['PATH']}",
                "CALLS": str(self.calls),
                "BROKEN": str(self.broken),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        print(played.stdout)
        return played.returncode == 0, self.calls.read_text().count("restart docker.service")


@pytest.fixture
def machine(tmp_path: Path, root: Path) -> Machine:
    return Machine(tmp_path, root)


def test_a_run_interrupted_before_the_restart_is_made_up_for(machine: Machine) -> None:
    machine.broken.touch()
    assert machine.configure(proxy=PROXY) == (False, 1)
    machine.broken.unlink()
    assert machine.configure(proxy=PROXY) == (True, 1)
    assert PROXY in machine.engine.read_text()
    assert str(machine.engine) in machine.drop_in.read_text()
    # As one that was interrupted after its packages has left it.
    machine.packages.write_text("http_proxy='http://192.0.2.9:3128'\n")
    assert machine.configure(proxy=PROXY) == (True, 0)
    assert machine.packages.read_text() == machine.engine.read_text()


def test_no_proxy_is_left_where_none_is_set(machine: Machine) -> None:
    for path in (machine.packages, machine.engine, machine.drop_in):
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"http_proxy='{PROXY}'\n")
    assert machine.configure() == (True, 1)
    assert not any(path.exists() for path in (machine.packages, machine.engine, machine.drop_in))
    machine.packages.write_text(f"http_proxy='{PROXY}'\n")
    assert machine.configure() == (True, 0)
    assert not machine.packages.exists()
