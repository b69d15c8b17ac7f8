"""The collection can be built, installed and run away from this checkout."""

from __future__ import annotations

import os
import re
import subprocess
import tarfile
from pathlib import Path

import pytest

# What nobody who installs the collection needs: tests, tools, caches and state.
UNWANTED = re.compile(
    r"""(^|/)(\.(?!dockerignore)[^/]+|tests|testing|molecule|bench|collections|cli|__pycache__|[^/]*\.pyc
        |conftest\.py|[^/]*\.egg-info|requirements-dev\.(in|txt)|state\.ya?ml)(/|$)""",
    re.VERBOSE,
)
WANTED = {
    "playbooks/site.yml",
    "plugins/modules/swarm_service_wait.py",
    "roles/frontend/tasks/main.yml",
    "apps/docker-bake.hcl",
    "apps/redis/users.acl.j2",
    "meta/runtime.yml",
    "README.md",
    "LICENSE",
}


@pytest.fixture(scope="module")
def tarball(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("built")
    run(["ansible-galaxy", "collection", "build", "--output-path", str(output)], cwd=root)
    (built,) = output.glob("landslide-voting-*.tar.gz")
    return built


def run(command: list[str], cwd: Path, **environment: str) -> str:
    result = subprocess.run(
        command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_the_collection_holds_what_it_runs_on_and_nothing_else(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        names = {member.name for member in archive.getmembers() if member.isfile()}
    assert names >= WANTED
    assert [name for name in sorted(names) if UNWANTED.search(name)] == []


def test_the_installed_collection_can_be_run(tarball: Path, root: Path, tmp_path: Path) -> None:
    install = ["ansible-galaxy", "collection", "install", str(tarball)]
    run([*install, "--offline", "--no-deps", "-p", str(tmp_path)], cwd=tmp_path)
    check = ["ansible-playbook", "landslide.voting.site", "--syntax-check"]
    inventory = str(root / "inventories/example")
    run([*check, "-i", inventory], cwd=tmp_path, ANSIBLE_COLLECTIONS_PATH=str(tmp_path))
