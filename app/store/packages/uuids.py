"""The UUIDs of what is in a package, always the same (RFC 9562 section 5.5)."""

from __future__ import annotations

from uuid import NAMESPACE_URL, UUID, uuid5

#: The name space of unregistered threads' names.
_THREADS = uuid5(NAMESPACE_URL, "urn:qoltanba:thread")


class PackageUuids:
    """Names the documents and signers of one package."""

    def __init__(self, package_id: str) -> None:
        """Take the UUID of a package, or the name of an unregistered thread."""
        self._space = _space_of(package_id)

    def of_document(self, document: str) -> str:
        """Return the UUID of the document with this code."""
        return str(uuid5(self._space, f"document {document}"))

    def of_signer(self, key: str) -> str:
        """Return the UUID of a signer, whom the key identifies within the package."""
        return str(uuid5(self._space, f"signer {key}"))


def _space_of(package_id: str) -> UUID:
    try:
        return UUID(package_id)
    except ValueError:
        return uuid5(_THREADS, package_id)
