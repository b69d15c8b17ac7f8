"""Fixture: the swarm-api as it is shipped, before a stand-in engine, with certificates."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from .docker_engine import Engine
from .haproxy_server import HAProxyServer
from .internal_tls import make_certificate
from .ports import free_port

SHIPPED = Path(__file__).parents[1] / "haproxy" / "swarm-api.cfg"


@dataclass(frozen=True)
class SwarmApi:
    """A running swarm-api. Certificates are NAME.crt and NAME.key in `directory`, with the
    authority's ca.crt: `interlock` may read, `overview` a part of it, `other` has another name,
    `foreign` another issuer.
    `site` and `renewed` are a site's, NAME.pem with chain and key."""

    url: str
    port: int
    directory: Path


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with all the certificates; see SwarmApi."""
    directory = tmp_path_factory.mktemp("pki")
    make_certificates(directory)
    return directory


def make_certificates(directory: Path) -> None:
    """Fill a directory with all the certificates; see SwarmApi."""
    for authority in ("ca", "foreign-ca"):
        _make(directory, authority, authority, "-addext", "keyUsage=keyCertSign")
    for name, common_name, authority in (
        ("server", "swarm-api", "ca"),
        ("interlock", "interlock", "ca"),
        ("overview", "overview", "ca"),
        ("other", "interlock2", "ca"),
        ("foreign", "interlock", "foreign-ca"),
        ("site", "votingapp.local", "ca"),
        ("renewed", "votingapp.local", "ca"),
    ):
        issuer = ("-CA", f"{authority}.crt", "-CAkey", f"{authority}.key")
        names = ("-addext", f"subjectAltName=IP:127.0.0.1,DNS:{common_name}")
        leaf = ("-addext", "basicConstraints=CA:false")
        _make(directory, name, common_name, *issuer, *names, *leaf)
        parts = [(directory / f"{name}.{kind}").read_text() for kind in ("crt", "key")]
        (directory / f"{name}.pem").write_text("".join(parts))


def _make(directory: Path, name: str, common_name: str, *more: str) -> None:
    make_certificate(directory, f"{name}.crt", f"{name}.key", common_name, *more)


@pytest.fixture
def make_swarm_api(
    tmp_path: Path,
    engine: Engine,
    certificates: Path,
    make_haproxy: Callable[[Path], HAProxyServer],
) -> Callable[..., SwarmApi]:
    """A function that starts a manager's swarm-api in front of `engine`; its clock is `ahead`
    seconds ahead of the machine's."""

    def make(name: str = "swarm-api", ahead: float = 0) -> SwarmApi:
        return _start(tmp_path / name, engine, certificates, make_haproxy, ahead)

    return make


@pytest.fixture
def swarm_api(make_swarm_api: Callable[..., SwarmApi]) -> SwarmApi:
    """A running swarm-api in front of `engine`."""
    return make_swarm_api()


def _start(
    directory: Path,
    engine: Engine,
    certificates: Path,
    make_haproxy: Callable[[Path], HAProxyServer],
    ahead: float,
) -> SwarmApi:
    directory.mkdir()
    (directory / "swarm_api_certificate").write_text((certificates / "server.pem").read_text())
    (directory / "swarm_api_ca").write_text((certificates / "ca.crt").read_text())
    port = free_port()
    text = SHIPPED.read_text()
    for there, here in (
        ("bind :9376", f"bind 127.0.0.1:{port}"),
        ("base /run/secrets", f"base {directory}"),
        ("/var/run/docker.sock", str(engine.path)),
        ("date(0,us)", f"date({ahead * 1e6:.0f},us)"),
    ):
        assert there in text
        text = text.replace(there, here)
    config = directory / "swarm-api.cfg"
    config.write_text(text)
    server = make_haproxy(config)
    server.start(lambda: "Loading success" in server.log_path.read_text())
    return SwarmApi(f"https://127.0.0.1:{port}", port, certificates)
