"""The status of a package: thousands of revisions at a time, each written once and quickly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from app.api.iinked.shapes import summary_shape
from app.store.package_links import LinkTokens
from app.store.package_records import PackageDocumentRecord, PackageSignerRecord, PackageStatus

#: Whose names the threads are that nobody registered.
_THREADS = uuid5(NAMESPACE_URL, "urn:qoltanba:thread")


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose packages these are, and where the pages are to which links lead."""

    organization: str | None
    public_url: str | None


def status_shape(status: PackageStatus, origin: Origin) -> dict[str, Any]:
    """Write a package with everything in it, as the family's reference has it."""
    writer = _Writer(status, origin)
    documents = [writer.document(document) for document in status.documents]
    return {
        **summary_shape(status.summary, origin.organization),
        "documents": documents,
        "signers": [writer.signer(place) for place in range(len(status.signers))],
    }


class _Writer:
    """Writes one package, document by document; signers then have their links collected."""

    def __init__(self, status: PackageStatus, origin: Origin) -> None:
        self._package_id = status.summary.public_id
        self._name = status.summary.name
        self._signers = status.signers
        self._numbers = [signer.number for signer in status.signers]
        self._names = _Names(self._package_id)
        self._signer_ids = [self._names.of_signer(signer) for signer in status.signers]
        #: Of each document, the links of each signer to it.
        self._links: list[list[dict[str, Any]]] = []
        self._expires = _with_milliseconds(status.summary.sign_by)
        self._tokens: LinkTokens | None = None
        if status.links and origin.public_url:
            self._tokens = LinkTokens(status.links.package_id, status.links.key)
        self._address = f"{origin.public_url}/sign/"

    def document(self, document: PackageDocumentRecord) -> dict[str, Any]:
        """Write a document with its revisions, and keep the links to it for its signers."""
        document_id = self._names.of_document(document)
        package_id, beginning = self._package_id, _revision_beginning(document_id)
        links: Sequence[str | None] = [None] * len(self._signers)
        if self._tokens:
            links = self._keep_links(document, document_id)
        revisions = [
            {
                "packageId": package_id,
                "documentId": document_id,
                "revisionId": beginning + signer_id[24:],
                "signerId": signer_id,
                "link": link,
                "isNext": turn,
                "isSigned": signed,
            }
            for signer_id, link, turn, signed in zip(
                self._signer_ids, links, document.turns, document.signed, strict=True
            )
            if signed is not None
        ]
        return {
            "packageId": package_id,
            "documentId": document_id,
            "fileId": None,
            # The reference's example has the one spelling, its list of fields the other.
            "exernalId": document.document,
            "externalId": document.document,
            "name": document.name,
            "fileName": document.file_name,
            "order": document.order,
            "isExecuted": document.executed,
            "revisions": revisions,
        }

    def _keep_links(self, document: PackageDocumentRecord, document_id: str) -> list[str]:
        """Write the links that lead each signer to a document; give their addresses."""
        assert self._tokens is not None  # noqa: S101 - the caller has looked
        package_id, name, expires = self._package_id, _link_name(document), self._expires
        beginning = _revision_beginning(document_id)
        tokens = self._tokens.of_document(document.number, self._numbers)
        addresses = [self._address + token for token in tokens]
        self._links.append(
            [
                {
                    "name": name,
                    "link": address,
                    "type": "document",
                    "token": token,
                    "timeExpires": expires,
                    "packageId": package_id,
                    "documentId": document_id,
                    "revisionId": beginning + signer_id[24:],
                    "isNext": turn,
                    "isSigned": signed,
                }
                for signer_id, address, token, turn, signed in zip(
                    self._signer_ids,
                    addresses,
                    tokens,
                    document.turns,
                    document.signed,
                    strict=True,
                )
            ]
        )
        return addresses

    def signer(self, place: int) -> dict[str, Any]:
        """Write a signer with his links, after all documents were written."""
        signer = self._signers[place]
        return {
            "signerId": self._signer_ids[place],
            "firstName": signer.first_name,
            "lastName": signer.last_name,
            "email": signer.email,
            "mobileNumber": signer.mobile_number,
            "order": signer.order,
            "links": [links[place] for links in self._links],
            "signLink": self._sign_link(signer),
            "meetingLink": None,
        }

    def _sign_link(self, signer: PackageSignerRecord) -> dict[str, Any] | None:
        if self._tokens is None:
            return None
        (token,) = self._tokens.of_all([signer.number])
        return {
            "name": self._name,
            "link": self._address + token,
            "type": "package_sign",
            "token": token,
            "timeExpires": self._expires,
            "packageId": self._package_id,
        }


class _Names:
    """The UUIDs within a package: always the same for the same document and the same signer.

    A UUID of version 5 (RFC 9562 section 5.5) is a digest of a name.
    """

    def __init__(self, package_id: str) -> None:
        try:
            self._space = UUID(package_id)
        except ValueError:
            self._space = uuid5(_THREADS, package_id)

    def of_document(self, document: PackageDocumentRecord) -> str:
        return str(uuid5(self._space, f"document {document.document}"))

    def of_signer(self, signer: PackageSignerRecord) -> str:
        return str(uuid5(self._space, f"signer {signer.key}"))


def _revision_beginning(document_id: str) -> str:
    """Give the first 24 characters of the ids of a document's revisions.

    The document's own stand for it and the last twelve digits of the signer's for him, in a UUID of
    version 8 (RFC 9562 section 5.8), which is anybody's to fill. A digest for each of thousands
    would take longer than all the rest.
    """
    return f"{document_id[:14]}8{document_id[15:24]}"


def _link_name(document: PackageDocumentRecord) -> str:
    """Name a document for its signer: as it is called, else as its file is, else its code."""
    file_name = (document.file_name or "").rpartition(".")[0] or document.file_name
    return document.name or file_name or document.document


def _with_milliseconds(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
