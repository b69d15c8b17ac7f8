from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.landslide.voting.plugins.filter.certificate_problems import (
    FilterModule,
    certificate_problems,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())
NOW = datetime.now(UTC)


def certificate(begins: int = -1, ends: int = 1) -> str:
    """Make a certificate that is valid between two days from now."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "vote.example.org")])
    builder = x509.CertificateBuilder(name, name, KEY.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(NOW + timedelta(begins))
    made = builder.not_valid_after(NOW + timedelta(ends)).sign(KEY, hashes.SHA256())
    return made.public_bytes(Encoding.PEM).decode()


def pem(
    key: ec.EllipticCurvePrivateKey, encryption: KeySerializationEncryption | None = None
) -> str:
    form = PrivateFormat.PKCS8
    return key.private_bytes(Encoding.PEM, form, encryption or NoEncryption()).decode()


def test_the_filter_has_its_name() -> None:
    assert FilterModule().filters() == {"certificate_problems": certificate_problems}


def test_a_certificate_with_its_key_passes() -> None:
    assert certificate_problems(certificate(), pem(KEY)) == []
    assert certificate_problems(certificate() + certificate(), pem(KEY)) == []


def test_anothers_key_is_told() -> None:
    (problem,) = certificate_problems(certificate(), pem(OTHER_KEY))
    assert problem.startswith("site_key is not the key of site_certificate")


def test_an_expired_certificate_is_told_also_where_it_only_signs() -> None:
    for chain in (certificate(ends=-1, begins=-2), certificate() + certificate(-2, -1)):
        (problem,) = certificate_problems(chain, pem(KEY))
        end = f"{NOW - timedelta(1):%Y-%m-%d %H:%M} UTC"
        assert problem == (
            f"site_certificate has expired: CN=vote.example.org was valid until {end}"
        )


def test_a_certificate_of_tomorrow_is_told() -> None:
    (problem,) = certificate_problems(certificate(1, 2), pem(KEY))
    assert problem.startswith("site_certificate is not valid yet: CN=vote.example.org")


@pytest.mark.parametrize("text", ["", "0\x82\x03", "-----BEGIN CERTIFICATE-----\nx\n"])
def test_what_is_no_pem_is_told(text: str) -> None:
    assert certificate_problems(text, text) == [
        "site_certificate is not a file of certificates in PEM",
        "site_key is not a file with a private key in PEM",
    ]


def test_a_key_with_a_passphrase_is_told() -> None:
    (problem,) = certificate_problems(certificate(), pem(KEY, BestAvailableEncryption(b"x")))
    assert problem.startswith("site_key has a passphrase")
