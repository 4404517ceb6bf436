"""Distinguished names as RFC 4514 writes them."""

from __future__ import annotations

from app.cms.x509.names import read_name

#: RFC 4514 section 3, and those that the NCA uses.
_KEYWORDS = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.42": "GN",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "E",
}
_SPECIAL = frozenset('"+,;<>\\')


def write_name(encoded: bytes) -> str:
    """Return an encoded Name as text, the last attribute first; what can't be read is left out."""
    attributes = reversed(read_name(encoded).attributes)
    return ",".join(f"{_KEYWORDS.get(oid, oid)}={_escape(value)}" for oid, value in attributes)


def _escape(value: str) -> str:
    """Escape a value, which has no blanks around it (section 2.4)."""
    escaped = "".join(f"\\{each}" if each in _SPECIAL else each for each in value)
    return f"\\{escaped}" if escaped.startswith("#") else escaped
