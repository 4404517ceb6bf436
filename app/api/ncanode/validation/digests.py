"""The digest of a document, sent in its place: the document itself stays where it is."""

from __future__ import annotations

import re
from base64 import b64decode

from app.api.params.errors import ParameterError
from app.cms.algorithms import registry as algorithms
from app.cms.signed_data.contents import KnownDigest

#: Word for an algorithm -> its dotted identifier. Dashes, dots and letter case don't matter. None
#: is here by which two documents may have one digest: SHA-1 and MD5 prove nothing.
WORDS = {
    "SHA-224": "2.16.840.1.101.3.4.2.4",
    "SHA-256": "2.16.840.1.101.3.4.2.1",
    "SHA-384": "2.16.840.1.101.3.4.2.2",
    "SHA-512": "2.16.840.1.101.3.4.2.3",
    "SHA3-256": "2.16.840.1.101.3.4.2.8",
    "SHA3-384": "2.16.840.1.101.3.4.2.9",
    "SHA3-512": "2.16.840.1.101.3.4.2.10",
    "Streebog-256": algorithms.STREEBOG_256,
    "Streebog-512": algorithms.STREEBOG_512,
    "GOST-34.311": algorithms.GOST_34311,
}
_SIGNS = re.compile(r"[-_. ]")
_IDENTIFIERS = {
    _SIGNS.sub("", word).lower(): oid for given, oid in WORDS.items() for word in (given, oid)
}


def read_digest(digest: str | None, algorithm: str | None) -> KnownDigest | None:
    """Read a digest and its algorithm; None if neither is given.

    Args:
        digest: hexadecimal or base64.
        algorithm: one of WORDS, or a dotted object identifier.

    Raises:
        ParameterError: one lacks the other, or can't be read.
    """
    if digest is None and algorithm is None:
        return None
    if digest is None or algorithm is None:
        lacking = "digest" if digest is None else "algorithm"
        raise ParameterError('"{field}" parameter must be set', field=lacking)
    oid = _IDENTIFIERS.get(_SIGNS.sub("", algorithm).lower())
    if oid is None:
        raise ParameterError(
            '"{field}" parameter must be one of {choices}',
            field="algorithm",
            choices=", ".join(WORDS),
        )
    return KnownDigest(oid, _decode(digest, len(algorithms.digest(oid, b""))))


def _decode(text: str, size: int) -> bytes:
    """Return the bytes, so many, of hexadecimal or base64. Raises ParameterError."""
    for decode in (bytes.fromhex, _from_base64):
        try:
            value = decode(text)
        except ValueError:
            continue
        if len(value) == size:
            return value
    raise ParameterError(
        '"{field}" parameter must be {size} bytes, as hexadecimal digits or in base64',
        field="digest",
        size=size,
    )


def _from_base64(text: str) -> bytes:
    return b64decode(text, validate=True)
