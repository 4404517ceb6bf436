"""The status of a package: up to thousands of revisions, each written once and quickly.

An unregistered package may have tens of thousands of signers: so it is written document by
document, and sent while it is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, repeat
from typing import Any

import orjson

from app.api.iinked.links import PackageLinks
from app.api.iinked.serializers import summary_shape
from app.store.packages.listing import PackagePage
from app.store.packages.records import (
    PackageDocumentRecord,
    PackageSignerRecord,
    PackageStatus,
    PackageSummary,
)
from app.store.packages.uuids import PackageUuids

#: Signers, and packages, that are written at a time: below the size that memory is mapped for.
_PORTION, _FEW = 200, 8


@dataclass(frozen=True, slots=True)
class Origin:
    """The organisation of the packages, and the address of the pages that links lead to.

    `links_below` is None if the answer has no links.
    """

    organization: str | None
    links_below: str | None


def status_shape(status: PackageStatus, origin: Origin) -> dict[str, Any]:
    """Return a package with everything in it, in the format of the family's reference."""
    writer = _Writer(status, _links(status, origin))
    return {
        **summary_shape(status.summary, origin.organization),
        "documents": list(writer.documents()),
        "signers": list(writer.signers()),
    }


def status_pieces(status: PackageStatus, origin: Origin) -> Iterator[bytes]:
    """Return the JSON of a package in pieces, none of them much larger than a document."""
    writer = _Writer(status, _links(status, origin))
    yield orjson.dumps(summary_shape(status.summary, origin.organization))[:-1]
    yield b',"documents":['
    yield from _listed(writer.documents(), 1)
    yield b'],"signers":['
    yield from _listed(writer.signers(), _PORTION)
    yield b"]}"


def list_pieces(
    found: Iterable[PackageSummary], page: PackagePage, total: int, origin: Origin
) -> Iterator[bytes]:
    """Return the JSON of a page of packages in pieces, without their contents."""
    yield b'{"items":['
    yield from _listed((summary_shape(one, origin.organization) for one in found), _FEW)
    listed = {"total": total, "take": page.limit, "skip": page.offset}
    yield b"]," + orjson.dumps(listed)[1:]


def _links(status: PackageStatus, origin: Origin) -> PackageLinks | None:
    if status.links and origin.links_below:
        return PackageLinks(status, status.links, origin.links_below)
    return None


def _listed(items: Iterable[dict[str, Any]], portion: int) -> Iterator[bytes]:
    """Return the items of a list, some at a time, without its brackets."""
    rest, separator = iter(items), b""
    while some := list(islice(rest, portion)):
        yield separator + orjson.dumps(some)[1:-1]
        separator = b","


class _Writer:
    """Writes one package: first its documents, then the signers with the links to all of them."""

    def __init__(self, status: PackageStatus, links: PackageLinks | None) -> None:
        self._package_id = status.summary.public_id
        self._uuids = PackageUuids(self._package_id)
        self._signers, self._signer_ids = status.signers, status.signer_ids
        self._links = links
        #: For each written document, the link of each signer to it.
        self._written: list[list[dict[str, Any]]] = []

        self._documents = status.documents

    def documents(self) -> Iterator[dict[str, Any]]:
        """Return the documents with their revisions, and keep the links to them."""
        return map(self._document, self._documents)

    def _document(self, document: PackageDocumentRecord) -> dict[str, Any]:
        document_id = self._uuids.of_document(document.document)
        return {
            "packageId": self._package_id,
            "documentId": document_id,
            "fileId": None,
            # The reference's example has one spelling, its list of fields the other.
            "exernalId": document.document,
            "externalId": document.document,
            "name": document.name,
            "fileName": document.file_name,
            "order": document.order,
            "isExecuted": document.executed,
            "revisions": self._revisions(document, document_id),
        }

    def _revisions(self, document: PackageDocumentRecord, document_id: str) -> list[dict[str, Any]]:
        package_id = self._package_id
        signer_ids = [self._signer_ids[place] for place in document.asked]
        revision_ids = _revision_ids(document_id, signer_ids)
        links: Sequence[str | None] = [None] * len(signer_ids)
        if self._links:
            written = self._links.to_document(document, document_id, revision_ids)
            self._written.append(written)
            links = [link["link"] for link in written]
        return [
            {
                "packageId": package_id,
                "documentId": document_id,
                "revisionId": revision_id,
                "signerId": signer_id,
                "link": link,
                "isNext": turn,
                "isSigned": signed,
            }
            for revision_id, signer_id, link, turn, signed in zip(
                revision_ids, signer_ids, links, document.turns, document.signed, strict=True
            )
        ]

    def signers(self) -> Iterator[dict[str, Any]]:
        """Return the signers, after all documents."""
        sign_links: Iterable[dict[str, Any] | None] = repeat(None)
        if self._links:
            sign_links = self._links.to_all()
        for place, (signer, sign_link) in enumerate(zip(self._signers, sign_links, strict=False)):
            links = [each[place] for each in self._written]
            yield _signer(signer, self._signer_ids[place], links, sign_link)


def _signer(
    signer: PackageSignerRecord,
    signer_id: str,
    links: list[dict[str, Any]],
    sign_link: dict[str, Any] | None,
) -> dict[str, Any]:
    return {
        "signerId": signer_id,
        "firstName": signer.first_name,
        "lastName": signer.last_name,
        "email": signer.email,
        "mobileNumber": signer.mobile_number,
        "order": signer.order,
        "links": links,
        "signLink": sign_link,
        "meetingLink": None,
    }


def _revision_ids(document_id: str, signer_ids: Sequence[str]) -> list[str]:
    """Return the ids of a document's revisions, one for each signer.

    The first digits are the document's and the last twelve the signer's, in a UUID of version 8
    (RFC 9562 section 5.8), whose contents are free. A digest for each of thousands would take
    longer than everything else.
    """
    beginning = f"{document_id[:14]}8{document_id[15:24]}"
    return [beginning + signer_id[24:] for signer_id in signer_ids]
