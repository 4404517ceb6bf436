"""Links to one version each, which can't be guessed, and end."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Text,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)

from app.store.database.types import UtcDateTime, utc_now
from app.store.errors import SignatureNotFound
from app.store.models import PublicLink, Signature, Version
from app.store.signatures.large_texts import Key

#: Random bytes of a token, and its characters in base64url.
TOKEN_BYTES = 18
#: Links of one version that are kept; the oldest gives way.
MOST = 20

_TOKEN = re.compile(r"[A-Za-z0-9_-]{24}", re.ASCII)


@dataclass(frozen=True, slots=True)
class LinkRecord:
    """A link, without its token, which only who made it has seen."""

    id: int
    key: Key
    created_at: datetime
    created_by: str | None
    expires_at: datetime
    revoked_at: datetime | None
    #: Whether its holder may download the card and the document.
    with_files: bool

    def has_ended(self, now: datetime) -> bool:
        """Return whether it leads nowhere any more."""
        return self.revoked_at is not None or self.expires_at <= now


@dataclass(frozen=True, slots=True)
class LinkedVersion:
    """What a link leads to: the thread's address, and the link."""

    document: str
    thread: str
    link: LinkRecord


_COLUMNS = (
    PublicLink.id,
    PublicLink.signature_id,
    PublicLink.version,
    PublicLink.created_at,
    PublicLink.created_by,
    PublicLink.expires_at,
    PublicLink.revoked_at,
    PublicLink.with_files,
)


def create_link(
    connection: Connection,
    key: Key,
    *,
    created_by: str | None,
    expires_at: datetime,
    with_files: bool = False,
) -> tuple[str, LinkRecord]:
    """Add a link to a version; return its token, which is stored nowhere, and its record.

    In a transaction.

    Raises:
        SignatureNotFound: there is no such version, or none any more.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    values = {
        "token_sha256": literal(_hash(token)),
        "signature_id": Version.signature_id,
        "version": Version.version,
        "created_at": utc_now(),
        "created_by": literal(created_by, Text()),
        "expires_at": literal(expires_at, UtcDateTime()),
        "with_files": literal(with_files, Boolean()),
    }
    # A deletion waits, or is waited for.
    named = Version.signature_id == key.signature_id, Version.version == key.version
    rows = select(*values.values()).where(*named).with_for_update(read=True, key_share=True)
    added = insert(PublicLink).from_select(list(values), rows).returning(*_COLUMNS)
    made = connection.execute(added).first()
    if made is None:
        raise SignatureNotFound
    _drop_oldest(connection, key)
    return token, _record(made)


def _drop_oldest(connection: Connection, key: Key) -> None:
    """Delete all links to a version but the newest MOST."""
    newest = (
        select(PublicLink.id)
        .where(*_of(key))
        .order_by(PublicLink.id.desc())
        .limit(MOST)
        .subquery("newest")
    )
    oldest = select(func.min(newest.c.id)).scalar_subquery()
    connection.execute(delete(PublicLink).where(*_of(key), PublicLink.id < oldest))


def list_links(connection: Connection, key: Key) -> list[LinkRecord]:
    """Return the links to a version, newest first, ended ones included."""
    rows = connection.execute(
        select(*_COLUMNS).where(*_of(key)).order_by(PublicLink.id.desc()).limit(MOST)
    )
    return [_record(row) for row in rows]


def revoke_link(connection: Connection, key: Key, link_id: int) -> bool:
    """Revoke a link to a version; return whether there is such a link."""
    found = connection.execute(
        update(PublicLink)
        .where(*_of(key), PublicLink.id == link_id)
        .values(revoked_at=func.coalesce(PublicLink.revoked_at, utc_now()))
    )
    return bool(found.rowcount)


def find_link(connection: Connection, token: str) -> LinkedVersion | None:
    """Return what a token leads to, even if the link has ended; None if there is no such link."""
    if not _TOKEN.fullmatch(token):
        return None
    row = connection.execute(
        select(Signature.document, Signature.thread, *_COLUMNS)
        .join(Signature, Signature.id == PublicLink.signature_id)
        .where(PublicLink.token_sha256 == _hash(token))
    ).first()
    return None if row is None else LinkedVersion(row[0], row[1], _record(row[2:]))


def _of(key: Key) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return PublicLink.signature_id == key.signature_id, PublicLink.version == key.version


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()


def _record(row: Sequence[Any]) -> LinkRecord:
    link_id, signature_id, version, *more = row
    return LinkRecord(link_id, Key(signature_id, version), *more)
