"""A controller with a state directory, and a manager's engine that exists in words only."""

from __future__ import annotations

import json
import os
import socketserver
import subprocess
import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.landslide.voting.plugins.filter.cluster_keys import cluster_keys
from ansible_collections.landslide.voting.plugins.lookup.held_keys import AUTHORITIES

ROOT = Path(__file__).resolve().parents[2]
SECRETS = yaml.safe_load((ROOT / "roles/common/vars/main/secrets.yml").read_text())

# What an engine says, as far as a comparison of keys may ask for it.
DOCKER = """#!/bin/sh
case "$1 $2" in
    "info --format") cat "$ENGINE" ;;
    "service ls") echo pg; echo frontend ;;
    "service inspect") printf '%s\\n' "$USED" ;;
    "exec --interactive") exit 0 ;;
    *) exit 1 ;;
esac
"""
NO_SWARM = {"LocalNodeState": "inactive", "ControlAvailable": False, "Error": ""}
LOST_QUORUM = {"LocalNodeState": "active", "ControlAvailable": True, "Error": "has no leader"}


def swarm(labels: Mapping[str, str]) -> dict[str, Any]:
    """Return what a manager says of its Swarm."""
    cluster = {"Version": {"Index": 7}, "Spec": {"Name": "default", "Labels": labels}}
    return {"LocalNodeState": "active", "ControlAvailable": True, "Error": "", "Cluster": cluster}


def state_files() -> dict[str, str]:
    """Return the name in the table of keys of each file of a state."""
    files = {f"secrets/{name}": name for name in SECRETS["__common_secrets"]}
    authorities = {f"pki/{place}/ca.crt": name for name, place in AUTHORITIES.items()}
    return files | {"poll_id": "poll_id"} | authorities


def state_labels() -> dict[str, str]:
    """Return the labels of a cluster that a controller with `Controller.fill` has made."""
    keys = {name: [file] for file, name in state_files().items()}
    made: dict[str, str] = cluster_keys(keys, {}, [])["labels"]
    return made


class Engine(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """The part of an engine's API that changes a Swarm; what it says is in the file `said`."""

    def __init__(self, socket: Path, said: Path) -> None:
        """Take a path to listen at."""
        self.said = said
        super().__init__(str(socket), Update)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Update(BaseHTTPRequestHandler):
    """What is sent becomes what is said, as the engine has it: what is left out is empty."""

    server: Engine

    def do_POST(self) -> None:
        """Take in a Swarm's settings, of the version that is there."""
        told = json.loads(self.server.said.read_text())
        spec = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        good = self.path == f"/swarm/update?version={told['Cluster']['Version']['Index']}"
        if good:
            told["Cluster"] = {"Version": {"Index": 8}, "Spec": spec}
            self.server.said.write_text(json.dumps(told))
        self.send_response(200 if good else 400)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


class Controller:
    """Runs playbooks with a state directory of its own, all hosts being this machine."""

    def __init__(self, place: Path) -> None:
        """Take a directory to work in."""
        self.state = place / "state"
        self._engine, self._bin = place / "engine.json", place / "bin"
        self._bin.mkdir()
        self._socket = place / "docker.sock"
        Engine(self._socket, self._engine)

    def fill(self) -> None:
        """Make all that a state has; the content of each file is its name."""
        for name in state_files():
            path = self.state / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{name}\n")

    @property
    def labels(self) -> dict[str, str]:
        """What the Swarm keeps."""
        told: dict[str, str] = json.loads(self._engine.read_text())["Cluster"]["Spec"]["Labels"]
        return told

    def play(
        self, playbook: Path | str, said: Any, *options: str, used: str = "", **settings: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run a playbook against an engine that says so; one that is "bare" is not there.

        None leaves it as it was. `used` are the names of the secrets of services.
        """
        docker = self._bin / "docker"
        # Without its interpreter, a script cannot be started: as if there were none.
        docker.write_text("#!/nowhere/sh" if said == "bare" else DOCKER)
        docker.chmod(0o755)
        if said is not None:
            self._engine.unlink(missing_ok=True)
        if isinstance(said, dict):
            self._engine.write_text(json.dumps(said))
        settings |= {
            "ansible_connection": "local",
            "ansible_become": False,
            "ansible_python_interpreter": sys.executable,
            "cluster_state_directory": str(self.state),
            "__keys_socket": str(self._socket),
        }
        return subprocess.run(
            [
                *(sys.executable, "-m", "ansible", "playbook", "-i", "inventories/example"),
                *("-e", json.dumps(settings), *options, str(playbook)),
            ],
            cwd=ROOT,
            env=os.environ
            | {
                "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
                "ANSIBLE_NOCOLOR": "1",
                "PATH": f"{self._bin}:{os.environ['PATH']}",
                "ENGINE": str(self._engine),
                "USED": used,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )


def words(played: subprocess.CompletedProcess[str]) -> str:
    """Return what a run said, on one line."""
    return " ".join(played.stdout.replace("\\n", " ").split())
