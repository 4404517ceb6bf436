# mypy: allow-subclassing-any
"""The records of CMS and X.509 that a signature stands on, read by asn1crypto.

asn1crypto carries no types and is lazy, so it stays behind the functions of this module: each
touches every field that is relied on, and gives plain values. The schemas name those fields only
and leave the rest as `Any`; above all the key inside SubjectPublicKeyInfo, because asn1crypto's own
schema for it fails on GOST keys.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Literal, TypeAlias

from asn1crypto import core, x509

# What asn1crypto raises for damaged records (UnicodeDecodeError is a ValueError).
DAMAGE = (ValueError, TypeError, KeyError, AttributeError)

# Name, type and parameters of each field, as asn1crypto wants them.
_Schema: TypeAlias = list[tuple[Any, ...]]

SignerIdentifier = Literal["issuerAndSerialNumber", "subjectKeyIdentifier"]
"""How a SignerInfo names its certificate (RFC 5652 section 5.3)."""


class _AlgorithmIdentifier(core.Sequence):
    _fields: ClassVar[_Schema] = [
        ("algorithm", core.ObjectIdentifier),
        ("parameters", core.Any, {"optional": True}),
    ]


class _SignerIdentifier(core.Choice):
    _alternatives: ClassVar[_Schema] = [
        ("issuerAndSerialNumber", core.Sequence),
        ("subjectKeyIdentifier", core.OctetString, {"implicit": 0}),
    ]


class _SignerInfo(core.Sequence):
    """RFC 5652 section 5.3; the attributes are read as they were encoded, not through a schema."""

    _fields: ClassVar[_Schema] = [
        ("version", core.Integer),
        ("sid", _SignerIdentifier),
        ("digest_algorithm", _AlgorithmIdentifier),
        ("signed_attrs", core.SetOf, {"implicit": 0, "optional": True}),
        ("signature_algorithm", _AlgorithmIdentifier),
        ("signature", core.OctetString),
        ("unsigned_attrs", core.SetOf, {"implicit": 1, "optional": True}),
    ]


class _Validity(core.Sequence):
    _fields: ClassVar[_Schema] = [("not_before", x509.Time), ("not_after", x509.Time)]


class _SubjectPublicKeyInfo(core.Sequence):
    _fields: ClassVar[_Schema] = [
        ("algorithm", _AlgorithmIdentifier),
        ("public_key", core.BitString),
    ]


class _Name(core.SequenceOf):
    _child_spec = core.Any


class _TbsCertificate(core.Sequence):
    """RFC 5280 section 4.1."""

    _fields: ClassVar[_Schema] = [
        ("version", core.Integer, {"explicit": 0, "default": 0}),
        ("serial_number", core.Integer),
        ("signature", _AlgorithmIdentifier),
        ("issuer", _Name),
        ("validity", _Validity),
        ("subject", _Name),
        ("subject_public_key_info", _SubjectPublicKeyInfo),
        ("issuer_unique_id", core.BitString, {"implicit": 1, "optional": True}),
        ("subject_unique_id", core.BitString, {"implicit": 2, "optional": True}),
        ("extensions", core.SequenceOf, {"explicit": 3, "optional": True}),
    ]


class _Certificate(core.Sequence):
    _fields: ClassVar[_Schema] = [
        ("tbs_certificate", _TbsCertificate),
        ("signature_algorithm", _AlgorithmIdentifier),
        ("signature_value", core.BitString),
    ]


@dataclass(frozen=True, slots=True)
class SignerInfo:
    """The fields of a SignerInfo (RFC 5652 section 5.3).

    `identifier` holds the contents octets of the SignerIdentifier whose choice `identified_by`
    names; `signed_attributes` are the encoded attributes side by side, or None.
    """

    identified_by: SignerIdentifier
    identifier: bytes
    digest_algorithm: str
    signed_attributes: bytes | None
    signature_algorithm: str
    signature: bytes


def read_signer_info(der: bytes) -> SignerInfo:
    """Read one encoded SignerInfo. Raises one of DAMAGE."""
    record = _SignerInfo.load(der)
    _contents(record["version"])
    identifier = record["sid"]
    attributes = record["signed_attrs"]
    return SignerInfo(
        identifier.name,
        identifier.chosen.contents,
        _dotted(record["digest_algorithm"]),
        None if isinstance(attributes, core.Void) else attributes.contents,
        _dotted(record["signature_algorithm"]),
        bytes(record["signature"]),
    )


def touch_certificate(der: bytes) -> None:
    """Touch the fields of one encoded Certificate that naming its holder and checking need.

    These are serial number, issuer, validity, subject, key and signature; not the extensions.
    Raises one of DAMAGE.
    """
    record = _Certificate.load(der)
    fields = record["tbs_certificate"]
    _contents(fields["serial_number"])
    _contents(fields["issuer"])
    _contents(fields["subject"])
    validity = fields["validity"]
    _contents(validity["not_before"].chosen)
    _contents(validity["not_after"].chosen)
    key = fields["subject_public_key_info"]
    _dotted(key["algorithm"])
    _contents(key["public_key"])
    _dotted(record["signature_algorithm"])
    _contents(record["signature_value"])


@lru_cache(maxsize=256)
def dotted(contents: bytes) -> str:
    """Write an object identifier, given by its contents octets, with dots. Raises ValueError.

    Signatures name the same dozen algorithms over and over, and decoding one takes 5 µs.
    """
    if not contents or contents[-1] & 0x80:
        raise ValueError("object identifier ends within an arc")
    return str(core.ObjectIdentifier(contents=contents).dotted)


def _dotted(algorithm: _AlgorithmIdentifier) -> str:
    return dotted(algorithm["algorithm"].contents)


def _contents(field: core.Asn1Value) -> None:
    if not field.contents:
        raise ValueError("field is empty")
