"""The files of a signing: the signature itself, the content in it, the signer's timestamps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.api.datetimes import write_moment
from app.services.media_types import ATTACHED, DETACHED, SUFFIXES, XML
from app.store.persons.signings import SignedVersion


def write_documents(document: str, version: SignedVersion | None) -> list[dict[str, Any]]:
    """Return the files of a version that the person signed; none if it was not read yet."""
    if version is None or version.format is None:
        return []
    return list(_documents(document, version))


def _documents(document: str, version: SignedVersion) -> Iterator[dict[str, Any]]:
    created_at = write_moment(version.created_at)

    def write(kind: str, name: str, content_type: str, digest: str, size: int) -> dict[str, Any]:
        return {
            "id": f"{digest[:32]}cdoc",
            "name": name,
            "content_type": content_type,
            "document_type": kind,
            "size": size,
            "customer_accessible": False,
            "created_at": created_at,
        }

    content_type = _type_of(version)
    signature = str(version.signature_sha256), version.signature_size or 0
    yield write("SIGNATURE", document + SUFFIXES[content_type], content_type, *signature)
    if version.content_size is not None:
        # The type is unknown; the name is that of the signature without suffix.
        content = str(version.content_sha256), version.content_size
        yield write("SIGNED_CONTRACT", document, "application/octet-stream", *content)
    for own in version.own:
        if own.token_sha256 and own.token_size:
            token = own.token_sha256, own.token_size
            yield write("OTHER", f"{document}.tst", "application/timestamp-token", *token)


def _type_of(version: SignedVersion) -> str:
    if version.format == "xml":
        return XML
    return DETACHED if version.content_size is None else ATTACHED
