"""Certificates of an internal authority, as the cluster has one: made once in a process."""

import atexit
import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

CLIENTS = ("worker", "results", "overview")


def directory_of(name: str, authority: str = "ours") -> Path:
    """The TLS_DIRECTORY of a service.

    Anybody may name an `authority`: only what is by "ours" is trusted by the servers.
    """
    return _directory(name, authority)


@functools.cache
def _directory(name: str, authority: str) -> Path:
    root = _authority(authority)
    place = root / name
    place.mkdir()
    names = f"subjectAltName=DNS:{name},DNS:tasks.{name},IP:127.0.0.1"
    issuer = ("-CA", str(root / "ca.crt"), "-CAkey", str(root / "ca.key"))
    make_certificate(place, "internal_certificate", "internal_key", name, *issuer, "-addext", names)
    shutil.copy(root / "ca.crt", place / "internal_ca")
    return place


@functools.cache
def _authority(name: str) -> Path:
    root = Path(tempfile.mkdtemp(prefix="landslide-tls-"))
    atexit.register(shutil.rmtree, root)
    # Postgres, which does not run as root, reads its own there.
    root.chmod(0o755)
    make_certificate(root, "ca.crt", "ca.key", name, "-addext", "keyUsage=keyCertSign")
    return root


def make_certificate(place: Path, certificate: str, key: str, name: str, *more: str) -> None:
    """Write a certificate and its key, files in `place`; `more` is for `openssl req -x509`."""
    # As those of a cluster, they are good for hosts whose clocks are behind.
    command = ["faketime", "-f", "-2d", "openssl", "req", "-x509", "-nodes", "-days", "4"]
    command += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-subj", f"/CN={name}", "-keyout", key, "-out", certificate, *more]
    subprocess.run(command, cwd=place, check=True, capture_output=True)
