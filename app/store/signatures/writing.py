"""Writes: the rules for adding versions to a thread and for deleting it.

One statement decides between concurrent writers: it updates the head at the version that the caller
has seen, or inserts a missing head. If it returns no row, another save was first. `postgresql` has
it for PostgreSQL, `sqlite` for SQLite.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, delete, select

from app.store.contents.keeping import list_of_thread, release
from app.store.errors import SignatureNotFound, VersionConflict, VersionNotSet
from app.store.models import Signature, Version
from app.store.search import indexes as search_indexes
from app.store.signatures import postgresql as save_function
from app.store.signatures import signers
from app.store.signatures import sqlite as save_statements
from app.store.signatures.extraction import Signing
from app.store.signatures.records import SignatureRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """The data of a save. All text is checked already; `tags` holds each tag once."""

    document: str
    thread: str
    #: The signature as it was sent.
    cms: str = ""
    #: Bytes of which it is the base64, in place of that.
    cms_bytes: bytes | None = None
    stage: str | None = None
    created_by: str | None = None
    comment: str | None = None
    tags: tuple[str, ...] = ()
    #: How it was signed, as stated by the caller.
    method: str | None = None
    #: Name of the token that saves it.
    saved_by: str | None = None


class Superseded(NamedTuple):
    """The claims of the previous version: its signers' facts as JSON text, and its content."""

    signers: str
    content_sha256: str | None


class Saved(NamedTuple):
    """The result of a save; `superseded` only if requested, and if there is one."""

    record: SignatureRecord
    superseded: Superseded | None


def save_version(  # noqa: PLR0913 - what is saved, and what is wanted beside it
    connection: Connection,
    new: NewVersion,
    signing: Signing,
    seen: int | None,
    *,
    compare: bool = False,
    new_evidence: int | None = None,
) -> Saved:
    """Add a version to a thread, or begin the thread with its first.

    Args:
        connection: one of `database.saving`.
        new: what is saved.
        signing: the data extracted from the signature.
        seen: number of the version that the caller knows as the current one; None or 0 if it
            knows of none. A new thread ignores it.
        compare: whether to return the claims of the previous version.
        new_evidence: the urgency with which evidence is to be obtained for the version
            (`models.EvidenceJob`); None: not at all.

    Raises:
        VersionNotSet: the thread exists, and `seen` is missing.
        VersionConflict: `seen` is not, or no longer, the current version.
    """
    on_sqlite = connection.dialect.name == "sqlite"
    save = save_statements.save if on_sqlite else save_function.save
    values = _values(new, signing, seen) | {"new_evidence": new_evidence}
    saved = save(connection, values, compare=compare)
    if saved is None:
        raise VersionConflict if seen else VersionNotSet
    *head, signers, content_sha256 = saved
    superseded = None if signers is None else Superseded(signers, content_sha256)
    return Saved(_record(new, *head), superseded)


def foresee_save(
    connection: Connection, document: str, thread: str, seen: int | None, *, compare: bool
) -> Superseded | None:
    """Raise what a save would raise as things are; otherwise return what it would supersede.

    For a save that something costly comes before. It locks nothing: another save may be first
    nevertheless. Arguments and errors are those of `save_version`.
    """
    named = Signature.document == document, Signature.thread == thread
    head = connection.execute(select(Signature.id, Signature.version).where(*named)).first()
    if head is None:
        return None
    if head.version != seen:
        raise VersionConflict if seen else VersionNotSet
    if not compare:
        return None
    facts = signers.facts_of(connection.dialect.name, head.id, head.version)
    content = select(Version.content_sha256).where(
        Version.signature_id == head.id, Version.version == head.version
    )
    return Superseded(*connection.execute(select(facts, content.scalar_subquery())).one())


def _values(new: NewVersion, signing: Signing, seen: int | None) -> dict[str, Any]:
    """Return values for the placeholders of a save."""
    return {
        "seen": seen or 0,
        "new_document": new.document,
        "new_thread": new.thread,
        "new_cms": new.cms if new.cms_bytes is None else new.cms_bytes,
        "new_stage": new.stage,
        "new_created_by": new.created_by,
        "new_comment": new.comment,
        "new_tags": orjson.dumps(new.tags).decode(),
        "new_terms": signing.terms,
        "new_signers": signing.signers,
        "new_signature_sha256": signing.signature_sha256,
        "new_content_sha256": signing.content_sha256,
        "new_signed_at": signing.signed_at,
        "new_format": signing.format,
        "new_signature_size": signing.signature_size,
        "new_content_size": signing.content_size,
        "new_method": new.method,
        "new_saved_by": new.saved_by,
    }


def _record(
    new: NewVersion, signature_id: int, version: int, created_at: datetime, updated_at: datetime
) -> SignatureRecord:
    """Return the record of what was sent, unless in bytes, and what the database added."""
    return SignatureRecord(
        id=signature_id,
        document=new.document,
        thread=new.thread,
        created_at=created_at,
        updated_at=updated_at,
        version=version,
        stage=new.stage,
        created_by=new.created_by,
        comment=new.comment,
        tags=list(new.tags),
        version_created_at=updated_at,
        cms=new.cms if new.cms_bytes is None else None,
    )


def delete_chain(
    connection: Connection, document: str, thread: str, signature_id: int | None = None
) -> list[str]:
    """Remove a thread: its head, all versions, its tags. Inside `database.transaction`.

    Returns:
        Locations of documents that are to be removed after the commit (`contents.keeping`).

    Raises:
        SignatureNotFound: there is no such thread, or it has another id than `signature_id`.
    """
    # The lock waits for a running writer, so that what it adds is removed as well.
    head = connection.execute(
        select(Signature.id, Signature.version)
        .where(Signature.document == document, Signature.thread == thread)
        .with_for_update()
    ).first()
    if head is None or signature_id not in (None, head.id):
        raise SignatureNotFound
    search_indexes.drop_all(connection, head.id, head.version)
    documents = list_of_thread(connection, head.id)
    connection.execute(delete(Signature).where(Signature.id == head.id))
    return release(connection, documents) if documents else []
