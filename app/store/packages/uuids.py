"""The UUIDs of what is in a package, always the same (RFC 9562 section 5.5)."""

from __future__ import annotations

from hashlib import sha1
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

#: The name space of unregistered threads' names.
_THREADS = uuid5(NAMESPACE_URL, "urn:qoltanba:thread")


class PackageUuids:
    """Names the documents and signers of one package."""

    def __init__(self, package_id: str) -> None:
        """Take the UUID of a package, or the name of an unregistered thread."""
        space = _space_of(package_id).bytes
        self._document = sha1(space + b"document ", usedforsecurity=False)
        self._signer = sha1(space + b"signer ", usedforsecurity=False)

    def of_document(self, document: str) -> str:
        """Return the UUID of the document with this code."""
        return _version_5(self._document, document)

    def of_signer(self, key: str) -> str:
        """Return the UUID of a signer, whom the key identifies within the package."""
        return _version_5(self._signer, key)


def _space_of(package_id: str) -> UUID:
    try:
        return UUID(package_id)
    except ValueError:
        return uuid5(_THREADS, package_id)


def _version_5(begun: Any, rest: str) -> str:
    """Return the text of the UUID of a name whose beginning is digested, as `uuid5` would.

    That takes four times as long, for what may be tens of thousands.
    """
    digest = begun.copy()
    digest.update(rest.encode())
    digits = digest.hexdigest()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"
