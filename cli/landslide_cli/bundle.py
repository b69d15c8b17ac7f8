"""A controller's state in one encrypted file: a tar archive in ansible-vault's format.

Who has no Landslide opens one with `ansible-vault decrypt --output - FILE | tar x`; docs/keys.md.
"""

import io
import os
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from ansible.errors import AnsibleError
from ansible.parsing.vault import VaultLib, VaultSecret

from .errors import Problem

CONTENT = ("pki", "poll_id", "secrets", "store_founded")
"""What of a state directory another controller needs: not exported votes, for example."""

Files = Mapping[str, bytes]
"""The content of files by their paths below the state directory."""


def read(directory: Path) -> dict[str, bytes]:
    """Return what a state directory has of `CONTENT`, of which nothing need be there."""
    tops = [directory / name for name in CONTENT]
    found = [path for top in tops for path in (top, *top.rglob("*")) if path.is_file()]
    return {str(path.relative_to(directory)): path.read_bytes() for path in sorted(found)}


def pack(files: Files, passphrase: str) -> bytes:
    """Return files as an encrypted archive."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o600
            tar.addfile(member, io.BytesIO(content))
    sealed: bytes = _vault(passphrase).encrypt(archive.getvalue())
    return sealed


def unpack(sealed: bytes, passphrase: str) -> dict[str, bytes]:
    """Return the files of an encrypted archive.

    Raises `Problem` if the passphrase is another, or if it holds anything but files of a state.
    """
    try:
        archive = _vault(passphrase).decrypt(sealed)
    except AnsibleError as error:
        raise Problem("This is no bundle, or the passphrase is wrong.") from error
    files = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as tar:
            for member in tar:
                path = PurePosixPath(member.name)
                if member.isdir() and _is_state(path):
                    continue  # of those that tar has made
                content = tar.extractfile(member) if member.isfile() else None
                if content is None or not _is_state(path):
                    raise Problem(f"{member.name} is no file of a state: nothing is imported.")
                files[str(path)] = content.read()
    except tarfile.TarError as error:
        raise Problem("The encrypted content is no bundle.") from error
    return files


def place(files: Files, directory: Path) -> bool:
    """Write files that are not in a state directory yet; say whether there were any.

    Nothing is ever overwritten. Raises `Problem`, with nothing written, if the directory has other
    content than `files`.
    """
    present = read(directory)
    other = [name for name, content in present.items() if files.get(name) != content]
    if other:
        raise Problem(
            f"{directory} has another state, which is not overwritten: {', '.join(other)} "
            "differ. Move it away first if it is not needed."
        )
    new = files.keys() - present.keys()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".import-", dir=directory) as beside:
        for number, name in enumerate(sorted(new)):
            staged = write(Path(beside) / str(number), files[name])
            target = directory / name
            for parent in reversed(target.relative_to(directory).parents[:-1]):
                (directory / parent).mkdir(mode=0o700, exist_ok=True)
            # Unlike a rename, it never replaces what somebody else has just written.
            target.hardlink_to(staged)
    return bool(new)


def write(path: Path, content: bytes) -> Path:
    """Write a new file that only its owner can read, down to the disk."""
    with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return path


def _is_state(path: PurePosixPath) -> bool:
    return path.parts[:1] != () and path.parts[0] in CONTENT and ".." not in path.parts


def _vault(passphrase: str) -> VaultLib:
    return VaultLib([("default", VaultSecret(passphrase.encode()))])
