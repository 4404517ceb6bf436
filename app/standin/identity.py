"""A test key with its certificate: made by a test authority of its own, or the caller's.

The names are those of the NCA's certificates: the IIN in serialNumber, the BIN in
organizationalUnitName, and the roles in the extended key usage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID as Purpose
from cryptography.x509.oid import NameOID

from app.standin import der
from app.standin.gost import GostKey

SigningKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PrivateKey: TypeAlias = SigningKey | GostKey
Usage: TypeAlias = Literal["sign", "auth", "both"]

#: The roles of the NCA for a person, and for an organisation's employee.
_PERSON, _EMPLOYEE = "1.2.398.3.3.4.1.1", "1.2.398.3.3.4.1.2.5"
_USAGES: dict[str, list[x509.ObjectIdentifier]] = {
    "sign": [Purpose.EMAIL_PROTECTION],
    "auth": [Purpose.CLIENT_AUTH],
    "both": [Purpose.EMAIL_PROTECTION, Purpose.CLIENT_AUTH],
}
_ECDSA_SHA256 = "1.2.840.10045.4.3.2"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a test certificate names."""

    iin: str = "123456789011"
    name: str = "ТЕСТОВ ТЕСТ"
    bin: str | None = None
    organisation: str | None = None
    usage: Usage = "sign"
    #: Whether the certificate has expired yesterday.
    expired: bool = False


@dataclass(frozen=True, slots=True)
class Authority:
    """A test authority."""

    key: ec.EllipticCurvePrivateKey = field(repr=False)
    certificate: x509.Certificate


@dataclass(frozen=True, slots=True)
class Identity:
    """A key, the certificate for it, and the certificates above."""

    key: PrivateKey = field(repr=False)
    certificate: x509.Certificate
    above: Sequence[x509.Certificate] = ()
    #: The authority itself, if it was made here: it can certify more.
    authority: Authority | None = None

    @property
    def purposes(self) -> frozenset[str]:
        """The extended key usage, dotted."""
        try:
            found = self.certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        except x509.ExtensionNotFound:
            return frozenset()
        return frozenset(one.dotted_string for one in found.value)

    @property
    def iin(self) -> str | None:
        """The IIN of the person."""
        return self._number(NameOID.SERIAL_NUMBER, "IIN")

    @property
    def bin(self) -> str | None:
        """The BIN of the organisation."""
        return self._number(NameOID.ORGANIZATIONAL_UNIT_NAME, "BIN")

    def _number(self, kind: x509.ObjectIdentifier, prefix: str) -> str | None:
        for attribute in self.certificate.subject.get_attributes_for_oid(kind):
            if str(attribute.value).startswith(prefix):
                return str(attribute.value).removeprefix(prefix)
        return None


def make_authority(name: str = "TEST AUTHORITY, NOT TO BE TRUSTED") -> Authority:
    """Return a new test authority that certifies itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([_country(), x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = x509.BasicConstraints(ca=True, path_length=0), _key_usage(of_authority=True)
    certificate = _certify(subject, key, subject, key, usage, expired=False)
    return Authority(key, certificate)


def make_identity(
    person: Person, authority: Authority | None = None, *, gost: bool = False
) -> Identity:
    """Return a new key of a person, on P-256 or of GOST, certified by a test authority."""
    above = authority or make_authority()
    key = ec.generate_private_key(ec.SECP256R1())
    purposes = [
        *_USAGES[person.usage],
        x509.ObjectIdentifier(_EMPLOYEE if person.bin else _PERSON),
    ]
    extensions = (
        x509.BasicConstraints(ca=False, path_length=None),
        _key_usage(of_authority=False),
        x509.ExtendedKeyUsage(purposes),
    )
    issuer = above.certificate.subject
    certificate = _certify(
        _subject(person), key, issuer, above.key, extensions, expired=person.expired
    )
    if gost:
        own = GostKey()
        certificate = _with_key(certificate, own.public_key_info(), above.key)
        return Identity(own, certificate, [above.certificate], above)
    return Identity(key, certificate, [above.certificate], above)


def make_stamper(authority: Authority) -> Identity:
    """Return a new timestamp authority (RFC 3161 section 2.3), certified by a test authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.NameAttribute(NameOID.COMMON_NAME, "TEST TSA, NOT TO BE TRUSTED")
    extensions = (
        x509.BasicConstraints(ca=False, path_length=None),
        _key_usage(of_authority=False),
        x509.ExtendedKeyUsage([Purpose.TIME_STAMPING]),
    )
    subject, issuer = x509.Name([_country(), name]), authority.certificate.subject
    certificate = _certify(subject, key, issuer, authority.key, extensions, expired=False)
    return Identity(key, certificate, [authority.certificate], authority)


def _with_key(
    certificate: x509.Certificate, public: bytes, by: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    """Return a certificate for a key of which `cryptography` knows nothing (RFC 5280 4.1)."""
    before = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    content = der.content_of(certificate.tbs_certificate_bytes).replace(before, public, 1)
    signed = der.sequence(content)
    value = by.sign(signed, ec.ECDSA(hashes.SHA256()))
    return x509.load_der_x509_certificate(
        der.sequence(signed, der.sequence(der.identifier(_ECDSA_SHA256)), der.bits(value))
    )


def read_identity(key: Path, certificates: Path) -> Identity:
    """Return the identity in two PEM files; the first certificate is the signer's.

    Raises OSError, or ValueError: one of them can't be used.
    """
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    if not isinstance(private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise ValueError("the key is neither RSA nor ECDSA")  # noqa: TRY004  # of a file
    first, *above = x509.load_pem_x509_certificates(certificates.read_bytes())
    if first.public_key() != private.public_key():
        raise ValueError("the first certificate is not the key's")
    return Identity(private, first, above)


def _subject(person: Person) -> x509.Name:
    attributes = [
        _country(),
        x509.NameAttribute(NameOID.COMMON_NAME, person.name),
        x509.NameAttribute(NameOID.SURNAME, person.name.partition(" ")[0]),
        x509.NameAttribute(NameOID.SERIAL_NUMBER, f"IIN{person.iin}"),
    ]
    if person.organisation:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, person.organisation))
    if person.bin:
        unit = f"BIN{person.bin}"
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit))
    return x509.Name(attributes)


def _country() -> x509.NameAttribute[str]:
    return x509.NameAttribute(NameOID.COUNTRY_NAME, "KZ")


def _certify(  # noqa: PLR0913  # the fields of a certificate
    subject: x509.Name,
    key: SigningKey,
    issuer: x509.Name,
    by: SigningKey,
    extensions: Sequence[x509.ExtensionType],
    *,
    expired: bool,
) -> x509.Certificate:
    ends = datetime.now(UTC) + (-_DAY if expired else 365 * _DAY)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(ends - 366 * _DAY)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False
        )
    )
    for extension in extensions:
        # Of a timestamp authority it must be critical (RFC 3161 section 2.3).
        is_usual = not isinstance(extension, x509.ExtendedKeyUsage)
        critical = is_usual or extension == x509.ExtendedKeyUsage([Purpose.TIME_STAMPING])
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(by, hashes.SHA256())


def _key_usage(*, of_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not of_authority,
        content_commitment=not of_authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=of_authority,
        crl_sign=of_authority,
        encipher_only=False,
        decipher_only=False,
    )
