# mypy: allow-subclassing-any
"""The records of X.509 that a signature stands on, read by asn1crypto.

asn1crypto carries no types and is lazy, so it stays behind the functions of this module: each
touches every field that is relied on, and gives plain values. The schemas name those fields only
and leave the rest as `Any`; above all the key inside SubjectPublicKeyInfo, because asn1crypto's own
schema for it fails on GOST keys.
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, ClassVar, TypeAlias

from asn1crypto import core, x509

# What asn1crypto raises for damaged records (UnicodeDecodeError is a ValueError).
DAMAGE = (ValueError, TypeError, KeyError, AttributeError)

# Name, type and parameters of each field, as asn1crypto wants them.
_Schema: TypeAlias = list[tuple[Any, ...]]


class _AlgorithmIdentifier(core.Sequence):
    _fields: ClassVar[_Schema] = [
        ("algorithm", core.ObjectIdentifier),
        ("parameters", core.Any, {"optional": True}),
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


def touch_certificate(der: bytes) -> None:
    """Touch the fields of one encoded Certificate that naming its holder and checking need.

    These are serial number, issuer, validity, subject, key and signature; not the extensions.
    Raises one of DAMAGE.
    """
    record = _Certificate.load(der)
    fields = record["tbs_certificate"]
    _contents(fields["serial_number"])
    _dotted(fields["signature"])
    _contents(fields["issuer"])
    # It may be empty, if the extension subjectAltName names the holder (RFC 5280 section 4.1.2.6).
    _ = fields["subject"]
    validity = fields["validity"]
    _ = validity["not_before"].chosen.native, validity["not_after"].chosen.native
    key = fields["subject_public_key_info"]
    _dotted(key["algorithm"])
    _contents(key["public_key"])
    _dotted(record["signature_algorithm"])
    _contents(record["signature_value"])


def read_validity(der: bytes) -> tuple[datetime, datetime]:
    """Read an encoded Validity (RFC 5280 section 4.1.2.5): its first and its last moment, in UTC.

    What lies outside of the years that Python has is drawn to their edges. Raises one of DAMAGE.
    """
    record = _Validity.load(der)
    return _in_utc(record["not_before"].chosen.native), _in_utc(record["not_after"].chosen.native)


def _in_utc(moment: Any) -> datetime:
    """Return a time as asn1crypto does, which has a class of its own for the year 0, in UTC."""
    if not isinstance(moment, datetime):
        return datetime.min.replace(tzinfo=UTC)
    if moment.tzinfo is None:  # A GeneralizedTime that forgot its Z.
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return moment.replace(tzinfo=UTC)


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
