"""The collection can be built, installed and run away from this checkout."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path

import pytest
import yaml

# What nobody who installs the collection needs: tests, tools, caches and state.
UNWANTED = re.compile(
    r"""(^|/)(\.(?!dockerignore)[^/]+|tests|testing|molecule|bench|collections|cli|tools|__pycache__|[^/]*\.pyc
        |conftest\.py|noxfile\.py|[^/]*\.egg-info|requirements-dev\.(in|txt)|state\.ya?ml)(/|$)""",
    re.VERBOSE,
)
WANTED = {
    "playbooks/site.yml",
    "playbooks/stages/worker.yml",
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


# A module, filter, lookup or inventory of a collection, by its full name.
USED = re.compile(
    r"\b((?:amazon|ansible|community|landslide)\.(?!builtin\b)[a-z]+)\.[a-z][a-z0-9_]+"
)


def run(command: list[str], cwd: Path, **environment: str) -> str:
    # As where there is no checkout, whose settings ./landslide hands on.
    own = {name: value for name, value in os.environ.items() if name != "ANSIBLE_CONFIG"}
    result = subprocess.run(command, cwd=cwd, env=own | environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def install(tarball: Path, place: Path) -> None:
    command = ["ansible-galaxy", "collection", "install", str(tarball)]
    run([*command, "--offline", "--no-deps", "-p", str(place)], cwd=place)


def test_the_collection_holds_what_it_runs_on_and_nothing_else(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        names = {member.name for member in archive.getmembers() if member.isfile()}
    assert names >= WANTED
    assert [name for name in sorted(names) if UNWANTED.search(name)] == []


def test_the_installed_collection_can_be_run(tarball: Path, root: Path, tmp_path: Path) -> None:
    install(tarball, tmp_path)
    inventory = ["-i", str(root / "inventories/example")]
    environment = {"ANSIBLE_COLLECTIONS_PATH": str(tmp_path)}
    for playbook in (
        *("site", "open", "close", "retire", "rotate", "reset", "status", "aws", "aws_teardown"),
        *("stages.preflight", "stages.worker"),
    ):
        check = ["ansible-playbook", f"landslide.voting.{playbook}", "--syntax-check"]
        run([*check, *inventory], cwd=tmp_path, **environment)
    run(
        ["ansible-playbook", "landslide.voting.stages.inventory", *inventory],
        cwd=tmp_path,
        **environment,
    )


# Those of `ansible-test sanity` that download nothing.
SANITY = (
    *("action-plugin-docs", "compile", "empty-init", "ignores", "line-endings", "no-assert"),
    *("no-get-exception", "no-illegal-filenames", "no-smart-quotes", "replace-urlopen", "shebang"),
    *("symlinks", "use-argspec-type-path", "use-compat-six"),
)


def test_the_collection_passes_the_sanity_tests_that_need_no_network(
    tarball: Path, tmp_path: Path
) -> None:
    install(tarball, tmp_path)
    place = tmp_path / "ansible_collections/landslide/voting"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    tests = [option for name in SANITY for option in ("--test", name)]
    run(["ansible-test", "sanity", "--python", version, *tests], cwd=place)


def test_the_documentation_of_every_plugin_can_be_shown(root: Path) -> None:
    for kind in ("callback", "filter", "lookup", "module"):
        directory = root / "plugins" / ("modules" if kind == "module" else kind)
        names = [f"landslide.voting.{path.stem}" for path in directory.glob("*.py")]
        environment = {"ANSIBLE_CONFIG": str(root / "ansible.cfg")}
        run(["ansible-doc", "-t", kind, *names], cwd=root, **environment)


def test_what_other_collections_are_used_is_declared(tracked: list[Path], root: Path) -> None:
    declared = yaml.safe_load((root / "galaxy.yml").read_text())["dependencies"]
    known = yaml.safe_load((root / "requirements.yml").read_text())["collections"]
    places = [root / name for name in ("roles", "playbooks", "inventories")]
    used = {
        name
        for path in tracked
        if path.suffix in {".yml", ".j2"} and any(path.is_relative_to(place) for place in places)
        for name in USED.findall(path.read_text())
    }
    assert used - {"landslide.voting"} == set(declared)
    assert {collection["name"] for collection in known} >= set(declared)


def test_only_what_is_used_of_the_ansible_package_is_installed(root: Path) -> None:
    known = yaml.safe_load((root / "requirements.yml").read_text())["collections"]
    places = Path(sysconfig.get_path("purelib"), "ansible_collections").glob("*/*/")
    installed = {f"{place.parent.name}.{place.name}": place for place in places if place.is_dir()}
    assert {collection["name"] for collection in known} == set(installed)
    for collection in known:
        manifest = json.loads((installed[collection["name"]] / "MANIFEST.json").read_text())
        assert manifest["collection_info"]["version"] == collection["version"]


def test_its_own_ansible_is_declared_as_the_roles_say(root: Path) -> None:
    required = yaml.safe_load((root / "meta/runtime.yml").read_text())["requires_ansible"]
    roles = (root / "roles").glob("*/meta/main.yml")
    said = {
        yaml.safe_load(role.read_text())["galaxy_info"]["min_ansible_version"] for role in roles
    }
    assert required == f">={said.pop()}.0"
    assert said == set()
