import base64
import io
import json
import os
import subprocess
import sys
import tarfile
from datetime import UTC, datetime
from pathlib import Path

from ansible_collections.landslide.voting.plugins.modules import image_contents
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

IMAGE = f"frontend@sha256:{'4' * 64}"
# One by Debian's name for its source, one by another, and one that is not installed any more.
STATUS = """
Package: dpkg
Status: install ok installed
Essential: yes
Maintainer: Dpkg Developers <dpkg@example.org>
Architecture: amd64
Version: 1.22.22
Depends: libc6 (>= 2.38)
Description: Debian package management system

Package: libc6
Status: install ok installed
Maintainer: Libc Maintainers <libc@example.org>
Architecture: amd64
Source: glibc
Version: 2.41-12
Description: GNU C Library

Package: perl
Status: deinstall ok config-files
Architecture: amd64
Version: 5.40.1-6
"""
WHEEL = "Metadata-Version: 2.4\nName: Markup_Safe\nVersion: 3.0.4\nLicense-Expression: MIT\n"
FILES = {
    "var/lib/dpkg/status": STATUS.lstrip(),
    "app/lib/python3.13/site-packages/markup_safe-3.0.4.dist-info/METADATA": WHEEL,
}


def records(files: dict[str, str] = FILES) -> str:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(text), 1_800_000_000
            archive.addfile(member, io.BytesIO(text.encode()))
    return base64.b64encode(packed.getvalue()).decode()


def test_debian_packages_and_wheels_are_listed_with_their_versions() -> None:
    listed = image_contents.contents(IMAGE, records()).packages
    assert listed == "dpkg\t1.22.22\tdeb\nlibc6\t2.41-12\tdeb\nmarkup-safe\t3.0.4\twheel\n"


def test_the_sbom_is_valid_and_tells_of_the_image_its_packages_and_their_sources() -> None:
    text = image_contents.contents(IMAGE, records()).sbom
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    sbom = json.loads(text)
    image = sbom["metadata"]["component"]
    assert f"{image['name']}@{image['version']} is a {image['type']}" == f"{IMAGE} is a container"
    assert {component["purl"] for component in sbom["components"]} == {
        "pkg:deb/debian/dpkg@1.22.22?arch=amd64",
        "pkg:deb/debian/dpkg@1.22.22?arch=source",
        "pkg:deb/debian/libc6@2.41-12?arch=amd64",
        "pkg:deb/debian/glibc@2.41-12?arch=source",
        "pkg:pypi/markup-safe@3.0.4",
    }
    needed = {entry["ref"]: entry.get("dependsOn", []) for entry in sbom["dependencies"]}
    assert "pkg:pypi/markup-safe@3.0.4" in needed[image["bom-ref"]]


def test_the_sbom_of_an_image_is_always_the_same() -> None:
    program = (
        # The backport takes the search for wheels over, and calls a field that lacks an error.
        f"import sys, importlib_metadata; from {image_contents.__name__} import contents;"
        "print(contents(sys.argv[1], sys.argv[2]).sbom)"
    )
    made = {
        subprocess.run(
            [sys.executable, "-c", program, IMAGE, records()],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(made) == 1


def test_nothing_but_records_of_packages_is_unpacked(tmp_path: Path) -> None:
    root = tmp_path / "root"
    other = {"../out": "", "/etc/passwd": "", "var/lib/dpkg/info/../../../../../out": ""}
    made = image_contents.unpack(records(FILES | other), root)
    assert {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()} == set(FILES)
    assert list(tmp_path.iterdir()) == [root]
    assert made == datetime.fromtimestamp(1_800_000_000, UTC)


def test_only_what_is_missing_is_written(tmp_path: Path) -> None:
    assert image_contents.missing(tmp_path, [IMAGE]) == [IMAGE]
    image_contents.write(tmp_path, IMAGE, records())
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{IMAGE}.packages.txt",
        f"{IMAGE}.cdx.json",
    }
    assert image_contents.missing(tmp_path, [IMAGE, "redis"]) == ["redis"]
    (tmp_path / f"{IMAGE}.cdx.json").unlink()
    assert image_contents.missing(tmp_path, [IMAGE]) == [IMAGE]
