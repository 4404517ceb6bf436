"""The links for signers in the status of a package."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.api.datetimes import write_moment
from app.store.packages.links import LinkTokens
from app.store.packages.records import LinkSource, PackageDocumentRecord, PackageStatus


class PackageLinks:
    """Builds the links of one package. They lead to a page under the public address."""

    def __init__(self, status: PackageStatus, source: LinkSource, public_url: str) -> None:
        numbers = [signer.number for signer in status.signers]
        self._tokens = LinkTokens(source.package_id, source.key, numbers)
        self._address = f"{public_url}/sign/"
        self._package_id = status.summary.public_id
        self._name = status.summary.name
        sign_by = status.summary.sign_by
        self._expires = sign_by and write_moment(sign_by)

    def to_document(
        self, document: PackageDocumentRecord, document_id: str, revision_ids: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Return the links to a document, one for each signer."""
        address, package_id = self._address, self._package_id
        name, expires = _name_of(document), self._expires
        tokens = self._tokens.of_document(document.number)
        return [
            {
                "name": name,
                "link": address + token,
                "type": "document",
                "token": token,
                "timeExpires": expires,
                "packageId": package_id,
                "documentId": document_id,
                "revisionId": revision_id,
                "isNext": turn,
                "isSigned": signed,
            }
            for token, revision_id, turn, signed in zip(
                tokens, revision_ids, document.turns, document.signed, strict=True
            )
        ]

    def to_all(self) -> list[dict[str, Any]]:
        """Return the links to the whole package, one for each signer."""
        return [
            {
                "name": self._name,
                "link": self._address + token,
                "type": "package_sign",
                "token": token,
                "timeExpires": self._expires,
                "packageId": self._package_id,
            }
            for token in self._tokens.of_all()
        ]


def _name_of(document: PackageDocumentRecord) -> str:
    """Return a name of a document for its signer: its name, else its file's, else its code."""
    file_name = (document.file_name or "").rpartition(".")[0] or document.file_name
    return document.name or file_name or document.document
