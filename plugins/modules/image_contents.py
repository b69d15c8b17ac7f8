#!/usr/bin/python
"""Writes down what images are made of: a list of packages and an SBOM for each."""

from __future__ import annotations

DOCUMENTATION = r"""
module: image_contents
short_description: Write the package list and the SBOM of images
version_added: 1.1.0
description:
  - Writes IMAGE.packages.txt, for each package a line of name, version and kind (deb or wheel),
    separated by tabs, and IMAGE.cdx.json, an SBOM in CycloneDX's format, made by debsbom.
  - Both depend on the image only. What is there is not written again.
author:
  - Landslide (@landslide)
requirements:
  - debsbom[cdx] (of the Python that runs the module)
options:
  directory:
    description: Where to write. It is made if need be.
    type: path
    required: true
  records:
    description:
      - For each image, named NAME@DIGEST, what dpkg, apt and pip have noted in it, as a gzipped
        tar archive in base64.
      - It is not logged, for its length.
    type: dict
    required: true
attributes:
  check_mode:
    description: Tells what it would write.
    support: full
  diff_mode:
    description: Has nothing to show.
    support: none
"""

EXAMPLES = r"""
- name: Package list and SBOM are written
  landslide.voting.image_contents:
    directory: /srv/sbom
    records:
      pg@sha256:1f8d…: "{{ records.stdout }}"
"""

RETURN = r"""
written:
  description: The images whose list and SBOM were written.
  returned: always
  type: list
  elements: str
"""

import base64
import io
import logging
import re
import tarfile
import traceback
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import Distribution, distributions
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from uuid import NAMESPACE_OID, uuid5

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

try:
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.license import LicenseExpression
    from cyclonedx.output import make_outputter
    from cyclonedx.schema import OutputFormat, SchemaVersion
    from debsbom.generate.generate import Debsbom
    from debsbom.sbom import SBOMType
    from packageurl import PackageURL
except ImportError:
    MISSING = traceback.format_exc()
else:
    MISSING = ""

# Nothing else is unpacked here, whatever a host sends.
RECORD = re.compile(
    r"var/lib/(?:dpkg/status|dpkg/arch-native|apt/extended_states)"
    r"|app/lib/python3[.\d]*/site-packages/[\w.+-]+\.dist-info/METADATA"
)


class Contents(NamedTuple):
    """The texts of both files."""

    packages: str
    sbom: str


def unpack(records: str, root: Path) -> datetime:
    """Write the records below ``root``; return when the youngest was made."""
    made = 0.0
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(records)), mode="r:gz") as archive:
        for member in archive:
            if RECORD.fullmatch(member.name) and (file := archive.extractfile(member)):
                path = root / member.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(file.read())
                made = max(made, member.mtime)
    return datetime.fromtimestamp(int(made), UTC)


def wheels(root: Path) -> list[Distribution]:
    """Return what pip has installed."""
    places = root.glob("app/lib/python3*/site-packages")
    return sorted(distributions(path=[str(place) for place in places]), key=wheel_name)


def wheel_name(wheel: Distribution) -> str:
    """Return a wheel's name as PyPI spells it, and lock files do."""
    return re.sub(r"[-_.]+", "-", wheel.metadata["Name"]).lower()


def wheel_field(wheel: Distribution, field: str) -> str | None:
    """Return a field of a wheel's metadata: what lacks is an error to some finders of wheels."""
    with suppress(KeyError):
        return wheel.metadata[field]
    return None


def wheel_component(wheel: Distribution) -> Component:
    """Return a wheel as a component of an SBOM."""
    name = wheel_name(wheel)
    purl = PackageURL("pypi", name=name, version=wheel.version)
    license_ = wheel_field(wheel, "License-Expression")
    return Component(
        name=name,
        version=wheel.version,
        description=wheel_field(wheel, "Summary"),
        licenses=[LicenseExpression(license_)] if license_ else [],
        bom_ref=purl.to_string(),
        purl=purl,
    )


def contents(image: str, records: str) -> Contents:
    """Return what is to be written for an image, ``NAME@DIGEST``."""
    name, _, digest = image.partition("@")
    with TemporaryDirectory() as directory:
        root = Path(directory)
        made = unpack(records, root)
        debian = Debsbom(
            name,
            root,
            distro_version=digest,
            # Neither chance nor the clock: the same image has the same SBOM.
            cdx_serialnumber=uuid5(NAMESPACE_OID, image),
            timestamp=made,
        )
        debian.scan()
        found = wheels(root)
        bom = debian.generate(SBOMType.CycloneDX)
        lines = [f"{p.name}\t{p.version}\tdeb" for p in debian.packages if p.is_binary()]
        lines += [f"{wheel_name(wheel)}\t{wheel.version}\twheel" for wheel in found]
        components = [wheel_component(wheel) for wheel in found]
    # It takes what it is given for a whole machine.
    bom.metadata.component.type = ComponentType.CONTAINER
    bom.components.update(components)
    bom.register_dependency(bom.metadata.component, components)
    sbom = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=1)
    return Contents("".join(f"{line}\n" for line in sorted(lines)), f"{sbom}\n")


def paths(directory: Path, image: str) -> tuple[Path, Path]:
    """Return where list and SBOM of an image belong."""
    return directory / f"{image}.packages.txt", directory / f"{image}.cdx.json"


def missing(directory: Path, images: Iterable[str]) -> list[str]:
    """Return the images that lack one of the files."""
    return [image for image in images if not all(path.exists() for path in paths(directory, image))]


def write(directory: Path, image: str, records: str) -> None:
    """Write both files, each whole or not at all."""
    for path, text in zip(paths(directory, image), contents(image, records), strict=True):
        new = path.with_name(f"{path.name}.new")
        new.write_text(text, encoding="utf-8")
        new.replace(path)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "records": {"type": "dict", "required": True, "no_log": True},
        },
        supports_check_mode=True,
    )
    if MISSING:
        module.fail_json(msg=missing_required_lib("debsbom[cdx]"), exception=MISSING)
    # It warns of each source package whose maintainer the records do not tell.
    logging.getLogger("debsbom").setLevel(logging.ERROR)
    records: dict[str, Any] = module.params["records"]
    directory = Path(module.params["directory"])
    wanted = missing(directory, records)
    if not module.check_mode:
        directory.mkdir(parents=True, exist_ok=True)
        for image in wanted:
            write(directory, image, records[image])
    module.exit_json(changed=bool(wanted), written=wanted)


if __name__ == "__main__":
    main()
