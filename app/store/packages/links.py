"""Tokens of signers' links: they identify package, document and signer, and can't be forged.

A token is base64url of 30 bytes: the package's row (8), the document's number (2; 0 for all), the
signer's number (2), and 18 bytes of a keyed BLAKE2b (RFC 7693) of these twelve. The key is random
for each package and never leaves the store.
"""

from __future__ import annotations

import hmac
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

_PACKAGE, _NUMBER = struct.Struct(">Q"), struct.Struct(">H")
#: The part of a token before its MAC.
_FIELDS = struct.Struct(">QHH")
_MAC_SIZE = 18
#: Characters of a token: a multiple of four, so no padding.
TOKEN_LENGTH = (_FIELDS.size + _MAC_SIZE) // 3 * 4
#: In place of a document's number: the link is to all of them.
ALL_DOCUMENTS = 0
_NO_KEY = "00" * 32


@dataclass(frozen=True, slots=True)
class Link:
    """What a token refers to."""

    #: The row of the package, and the numbers of the document and the signer in it.
    package_id: int
    document: int
    signer: int


class LinkTokens:
    """Creates the tokens of one package."""

    def __init__(self, package_id: int, key: str, signers: Sequence[int]) -> None:
        """Start with `packages.id`, `packages.link_key` and the numbers of the signers."""
        self._package_id = package_id
        self._mac = _keyed(key)
        self._signers = [_NUMBER.pack(signer) for signer in signers]

    def of_document(self, document: int) -> list[str]:
        """Return the tokens of each signer's link to a document."""
        beginning = _PACKAGE.pack(self._package_id) + _NUMBER.pack(document)
        mac_of_beginning = self._mac.copy()
        mac_of_beginning.update(beginning)
        # One encoding for all is faster than one each, and the lengths are equal.
        parts: list[bytes] = []
        for signer in self._signers:
            mac = mac_of_beginning.copy()
            mac.update(signer)
            parts += (beginning, signer, mac.digest())
        text = urlsafe_b64encode(b"".join(parts)).decode()
        return [text[start : start + TOKEN_LENGTH] for start in range(0, len(text), TOKEN_LENGTH)]

    def of_all(self) -> list[str]:
        """Return the tokens of each signer's link to all documents."""
        return self.of_document(ALL_DOCUMENTS)


def read_link_token(token: str, find_key: Callable[[int], str | None]) -> Link | None:
    """Return what a token refers to, None if it is not authentic.

    Args:
        token: as in a link.
        find_key: returns the link key of a package by its row, None if there is none.
    """
    if len(token) != TOKEN_LENGTH or not token.isascii():
        return None
    try:
        decoded = urlsafe_b64decode(token)
    except ValueError:
        return None
    if urlsafe_b64encode(decoded).decode() != token:
        return None  # It has characters that decoding ignores.
    fields, given = decoded[: _FIELDS.size], decoded[_FIELDS.size :]
    link = Link(*_FIELDS.unpack(fields))
    key = find_key(link.package_id) if link.package_id < 2**63 else None
    mac = _keyed(key or _NO_KEY)
    mac.update(fields)
    # Compared even if there is no package, so that the time reveals nothing.
    same = hmac.compare_digest(mac.digest(), given)
    return link if same and key else None


def _keyed(key: str) -> blake2b:
    return blake2b(key=bytes.fromhex(key), digest_size=_MAC_SIZE, person=b"package link")
