"""Distinguished names as NCANode writes them: by member, and as the JDK's text (RFC 2253 reversed).

All of it is what a certificate claims.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from app.cms import Name, read_name

#: Attribute types by their identifiers, with the keywords of the JDK's text.
_KEYWORDS = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SURNAME",
    "2.5.4.5": "SERIALNUMBER",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "T",
    "2.5.4.42": "GIVENNAME",
    "2.5.4.43": "INITIALS",
    "2.5.4.44": "GENERATION",
    "2.5.4.46": "DNQ",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "EMAILADDRESS",
}
_TYPES = {keyword: oid for oid, keyword in _KEYWORDS.items()}
#: A value with one of these, or with a blank at an end, stands in quotes.
_SPECIAL = frozenset(',+=\n<>#;\\"')
#: Characters of a text: an attacker's name is repeated for each signer.
_MAX_TEXT = 500
#: Bytes of an issuer's name that is remembered: there are few issuers.
_MAX_REMEMBERED = 1000


def write_name(encoded: bytes, *, email: str | None = None) -> dict[str, str]:
    """Return the members of a name that it has; `email` is one from elsewhere in the certificate.

    The numbers are what follows `IIN` and `BIN`, wherever NCANode looks for them.
    """
    name = read_name(encoded)
    found = {
        "commonName": _value(name, "CN"),
        "surName": _value(name, "SURNAME"),
        "lastName": _value(name, "GIVENNAME"),
        "email": _value(name, "EMAILADDRESS") or email,
        "organization": _value(name, "O"),
        "iin": _number(name, "IIN", "SERIALNUMBER"),
        "bin": _number(name, "BIN", "OU", "SERIALNUMBER"),
        "country": _value(name, "C"),
        "locality": _value(name, "L"),
        "state": _value(name, "ST"),
        "dn": write_dn(name),
    }
    return {member: _cut(value) for member, value in found.items() if value is not None}


def write_issuer(encoded: bytes) -> Mapping[str, str]:
    """Return the members of an issuer's name; those of usual length are remembered."""
    return write_name(encoded) if len(encoded) > _MAX_REMEMBERED else _write_usual(encoded)


@lru_cache(maxsize=64)
def _write_usual(encoded: bytes) -> Mapping[str, str]:
    return write_name(encoded)


def write_dn(name: Name) -> str:
    """Return a name as text: its attributes in reverse order, each with its keyword."""
    return ", ".join(
        f"{_KEYWORDS.get(oid, f'OID.{oid}')}={_quoted(text)}"
        for oid, text in reversed(name.attributes)
    )


def _quoted(text: str) -> str:
    if _SPECIAL.isdisjoint(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _value(name: Name, keyword: str) -> str | None:
    return name.value(_TYPES[keyword])


def _number(name: Name, prefix: str, *keywords: str) -> str | None:
    """Return what follows a prefix in the first attribute of these types that begins with it."""
    for keyword in keywords:
        for text in name.values(_TYPES[keyword]):
            if text.startswith(prefix):
                return text.removeprefix(prefix)
    return None


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"
