"""The digest of a document, sent in place of the document."""

from __future__ import annotations

import re
from base64 import b64decode

from app.cms import DOCUMENT_DIGESTS, KnownDigest, digest_size
from app.services.errors import ParameterError

_SIGNS = re.compile(r"[-_. ]")
_IDENTIFIERS = {
    _SIGNS.sub("", word).lower(): oid
    for given, oid in DOCUMENT_DIGESTS.items()
    for word in (given, oid)
}


def read_digest(digest: str | None, algorithm: str | None) -> KnownDigest | None:
    """Read a digest and its algorithm; None if neither is given.

    Args:
        digest: hexadecimal or base64.
        algorithm: one of DOCUMENT_DIGESTS, or a dotted object identifier.

    Raises:
        ParameterError: one is missing, or can't be read.
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
            choices=", ".join(DOCUMENT_DIGESTS),
        )
    return KnownDigest(oid, _decode(digest, digest_size(oid)))


def _decode(text: str, size: int) -> bytes:
    """Return `size` bytes from hexadecimal or base64. Raises ParameterError."""
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
