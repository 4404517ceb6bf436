"""Certificates made in memory: each field can be set, so that a test breaks one rule of them.

Only the signature over a certificate is always right, unless `forged`.
"""

import datetime
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from asn1crypto import x509

from tests import der
from tests.pki.keys import Key

# Fixed, so that what is built depends on no clock.
NOT_BEFORE = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
NOT_AFTER = datetime.datetime(2034, 1, 1, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)

COUNTRY = "2.5.4.6"

TIME_STAMPING = "1.3.6.1.5.5.7.3.8"
OCSP_SIGNING = "1.3.6.1.5.5.7.3.9"
ANY_USAGE = "2.5.29.37.0"
EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4"

# The bits of KeyUsage in their order (RFC 5280 section 4.2.1.3).
USAGES = (
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
)


@dataclass(frozen=True, eq=False)
class Holder:
    """Who has a key and a certificate (DER) for it; issues further ones if it is an authority."""

    key: Key
    subject: bytes
    certificate: bytes
    issuer: bytes
    serial: int
    #: The certificate of who issued this one.
    above: bytes = b""

    @property
    def parsed(self) -> x509.Certificate:
        """The certificate as asn1crypto reads it."""
        return x509.Certificate.load(self.certificate)


def distinguished_name(*attributes: tuple[str, str]) -> bytes:
    """Encode a Name of these types and values, the country as a PrintableString."""
    return der.sequence(
        *[
            der.set_of(
                der.sequence(
                    der.oid(kind),
                    der.tlv(19, value.encode()) if kind == COUNTRY else der.utf8(value),
                )
            )
            for kind, value in attributes
        ]
    )


def name(common_name: str, iin: str = "") -> bytes:
    """Encode a Name of the NCA's shape."""
    number = [("2.5.4.5", f"IIN{iin}")] if iin else []
    return distinguished_name((COUNTRY, "KZ"), ("2.5.4.3", common_name), *number)


def extension(dotted: str, value: bytes, *, critical: bool = False) -> bytes:
    """Encode an Extension (RFC 5280 section 4.1)."""
    flag = der.boolean(True) if critical else b""
    return der.sequence(der.oid(dotted), flag, der.octets(value))


def basic_constraints(*, ca: bool = True, path_length: int | None = None) -> bytes:
    """Encode the extension of section 4.2.1.9."""
    length = b"" if path_length is None else der.integer(path_length)
    flag = der.boolean(True) if ca else b""
    return extension("2.5.29.19", der.sequence(flag, length), critical=True)


def key_usage(*usages: str) -> bytes:
    """Encode the extension of section 4.2.1.3."""
    value = sum(0x80 >> USAGES.index(usage) for usage in usages)
    return extension("2.5.29.15", b"\3\2" + bytes((0, value)), critical=True)


def extended_key_usage(*purposes: str, critical: bool = False) -> bytes:
    """Encode the extension of section 4.2.1.12."""
    value = der.sequence(*[der.oid(purpose) for purpose in purposes])
    return extension("2.5.29.37", value, critical=critical)


def crl_at(*urls: str, delta: bool = False) -> bytes:
    """Encode CRLDistributionPoints (4.2.1.13), or FreshestCRL (4.2.1.15) of the same shape."""
    names = [der.implicit(6, url.encode()) for url in urls]
    point = der.sequence(der.explicit(0, der.explicit(0, *names)))
    return extension("2.5.29.46" if delta else "2.5.29.31", der.sequence(point))


def ocsp_at(*urls: str, certificate: str = "") -> bytes:
    """Encode AuthorityInfoAccess (4.2.2.1): the responder, and the certificate above this one."""
    places = [("1.3.6.1.5.5.7.48.2", certificate)] if certificate else []
    places += [("1.3.6.1.5.5.7.48.1", url) for url in urls]
    described = [der.sequence(der.oid(kind), der.implicit(6, url.encode())) for kind, url in places]
    return extension("1.3.6.1.5.5.7.1.1", der.sequence(*described))


AUTHORITY = (basic_constraints(), key_usage("keyCertSign", "cRLSign"))
PERSON = (key_usage("digitalSignature", "nonRepudiation"), extended_key_usage(EMAIL_PROTECTION))
STAMPER = (key_usage("digitalSignature"), extended_key_usage(TIME_STAMPING, critical=True))
RESPONDER = (key_usage("digitalSignature"), extended_key_usage(OCSP_SIGNING))


def certify(
    subject: bytes,
    key: Key,
    issuer: Holder | None,
    extensions: Sequence[bytes],
    *,
    serial: int | None = None,
    valid: tuple[datetime.datetime, datetime.datetime] = (NOT_BEFORE, NOT_AFTER),
    forged: bool = False,
    identified: bool = True,
) -> Holder:
    """Issue a certificate (RFC 5280 section 4.1); without `issuer` its holder does it himself.

    Key identifiers come on top of `extensions`, if `identified`. `forged`: the signature value is
    another's.
    """
    signer = issuer.key if issuer else key
    issuer_name = issuer.subject if issuer else subject
    if serial is None:
        digest = hashlib.sha256(subject + key.public).digest()
        # Always of eight octets, so that no size depends on the key.
        serial = int.from_bytes(b"\x40" + digest[:7], "big")
    identifiers = (
        extension("2.5.29.14", der.octets(key.identifier)),
        extension("2.5.29.35", der.sequence(der.implicit(0, signer.identifier))),
    )
    tbs = der.sequence(
        der.explicit(0, der.integer(2)),
        der.integer(serial),
        der.algorithm(signer.algorithm),
        issuer_name,
        der.sequence(*[der.either_time(moment) for moment in valid]),
        subject,
        key.public,
        der.explicit(3, der.sequence(*extensions, *(identifiers if identified else ()))),
    )
    above = issuer.certificate if issuer else b""
    return Holder(key, subject, signed(tbs, signer, forged), issuer_name, serial, above)


def signed(tbs: bytes, key: Key, forged: bool = False) -> bytes:
    """Encode what certificates and CRLs are: a record, an algorithm, a signature."""
    signature = key.sign(b"another" if forged else tbs)
    return der.sequence(tbs, der.algorithm(key.algorithm), der.bits(signature))
