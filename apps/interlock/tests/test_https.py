"""HTTPS, and certificates that change, before a real HAProxy."""

import http.client
import socket
import ssl
import warnings
from pathlib import Path

import pytest
from interlock.haproxy import ConfigurationRefused
from testing.edge import Edge, web
from testing.http_backend import Backend


def secured(running: Edge) -> ssl.SSLSocket:
    """An encrypted connection, as a browser makes it."""
    plain = socket.create_connection(("127.0.0.1", running.https_port), timeout=15)
    return running.trust.wrap_socket(plain, server_hostname="votingapp.local")


@pytest.mark.parametrize("protocol", ["http/1.1", "h2"])
def test_https_speaks_the_protocol_that_the_browser_asks_for(running: Edge, protocol: str) -> None:
    running.trust.set_alpn_protocols([protocol])
    with secured(running) as connection:
        assert connection.selected_alpn_protocol() == protocol
        assert connection.version() == "TLSv1.3"


@pytest.mark.parametrize(
    ("version", "cipher", "accepted"),
    [
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-GCM-SHA256", True),
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0", False),
        (ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0", False),
    ],
)
def test_old_encryption_is_refused(
    running: Edge, version: ssl.TLSVersion, cipher: str, accepted: bool
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        running.trust.minimum_version = running.trust.maximum_version = version
    running.trust.set_ciphers(cipher)
    try:
        secured(running).close()
    except (ssl.SSLError, ConnectionError):
        assert not accepted
    else:
        assert accepted


def test_a_renewed_certificate_is_shown_without_a_lost_request(
    running: Edge, backends: list[Backend], certificates: Path
) -> None:
    def serial() -> str:
        with secured(running) as connection:
            return str(connection.getpeercert()["serialNumber"])

    before = serial()
    # A connection that was there before goes on.
    old = http.client.HTTPSConnection(
        "127.0.0.1", running.https_port, timeout=15, context=running.trust
    )
    old.request("GET", "/", headers={"Host": "votingapp.local"})
    assert old.getresponse().read() in (b"a", b"b")
    # The whole file at once, as those who renew certificates do it.
    renewed = running.config.with_name("renewed.pem")
    renewed.write_text((certificates / "renewed.pem").read_text())
    renewed.replace(running.site.certificate)
    running.bring_to(web(*backends[:2]))
    assert serial() != before
    old.request("GET", "/", headers={"Host": "votingapp.local"})
    assert old.getresponse().read() in (b"a", b"b")
    old.close()
    # No key is left lying about.
    assert len(list(running.config.parent.glob("certificate-*.pem"))) == 1


def test_a_key_of_another_certificate_is_refused(
    running: Edge, backends: list[Backend], certificates: Path
) -> None:
    wrong = (certificates / "site.crt").read_text() + (certificates / "renewed.key").read_text()
    Path(running.site.certificate).write_text(wrong)
    with pytest.raises(ConfigurationRefused, match="the last good one stays"):
        running.bring_to(web(*backends[:2]))
    secured(running).close()


def test_https_is_told_to_the_service(running: Edge, backends: list[Backend]) -> None:
    running.get("/https", https=True)
    (seen,) = [dict(r[2]) for b in backends for r in b.requests if r[1] == "/https"]
    assert seen["x-forwarded-proto"] == "https"
