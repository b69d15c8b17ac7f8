"""Builds this checkout's collection and installs it beside those that it declares, and no others.

Where there is no Galaxy, those, and what they depend on, come from the locked ansible package.
"""

import json
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(sysconfig.get_path("purelib"), "ansible_collections")


def dependencies(names: set[str]) -> set[str]:
    """Return collections and all that they depend on."""
    found = set(names)
    for name in names:
        manifest = json.loads((PACKAGE / name.replace(".", "/") / "MANIFEST.json").read_text())
        found |= dependencies(set(manifest["collection_info"]["dependencies"]))
    return found


def main(place: Path) -> None:
    """Install into `place`, where nothing else may be."""
    shutil.rmtree(place, ignore_errors=True)
    declared = yaml.safe_load((ROOT / "galaxy.yml").read_text())["dependencies"]
    for name in dependencies(set(declared)):
        path = name.replace(".", "/")
        shutil.copytree(PACKAGE / path, place / "ansible_collections" / path)
    galaxy = ("ansible-galaxy", "collection")
    subprocess.run([*galaxy, "build", "--output-path", str(place)], cwd=ROOT, check=True)
    (built,) = place.glob("*.tar.gz")
    # By force, for the checkout itself is found as one that is installed.
    install = [*galaxy, "install", "--force", "--offline", "--no-deps", str(built)]
    subprocess.run([*install, "--collections-path", str(place)], cwd=place, check=True)
    # Without a file, Ansible takes the one of the directory that Molecule runs in: the checkout.
    (place / "ansible.cfg").touch()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
