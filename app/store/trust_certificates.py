"""The operator's certificates in the database: only commands write them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from app.store.database.types import utc_now
from app.store.models import TrustCertificate

Role: TypeAlias = Literal["anchor", "intermediate"]
Marks: TypeAlias = tuple[tuple[str, str], ...]
"""SHA-256 and role of each; the SHA-256 identifies the certificate."""

#: Certificates of both roles; the National CA has a dozen.
MAX_CERTIFICATES = 1000

_KEY = (TrustCertificate.sha256, TrustCertificate.role)
_MARKS = select(*_KEY).order_by(*_KEY)
_ALL = select(
    *_KEY,
    TrustCertificate.pem,
    TrustCertificate.added_at,
    TrustCertificate.added_by,
    TrustCertificate.note,
).order_by(TrustCertificate.role, TrustCertificate.added_at, TrustCertificate.sha256)


class TooManyCertificates(Exception):
    """No more certificates may be added. The text is one line."""

    def __init__(self) -> None:
        super().__init__(f"there are {MAX_CERTIFICATES} certificates in the database already")


class StoredCertificate(NamedTuple):
    """One certificate, who added it and when."""

    sha256: str
    role: str
    pem: str
    added_at: datetime
    added_by: str
    note: str | None


def read_marks(connection: Connection) -> Marks:
    """Return which certificates there are: the little data that changes with them."""
    return tuple((row.sha256, row.role) for row in connection.execute(_MARKS))


def list_certificates(connection: Connection) -> Sequence[StoredCertificate]:
    """Return all certificates, anchors first, in the order in which they were added."""
    return [StoredCertificate(*row) for row in connection.execute(_ALL)]


class NewCertificate(NamedTuple):
    """One certificate that is to be added."""

    sha256: str
    role: Role
    pem: str
    added_by: str
    note: str | None = None


def add_certificate(connection: Connection, certificate: NewCertificate) -> bool:
    """Add a certificate, inside `database.transaction`; return whether it was new.

    Raises TooManyCertificates.
    """
    count = select(func.count()).select_from(TrustCertificate)
    if connection.execute(count).scalar_one() >= MAX_CERTIFICATES:
        raise TooManyCertificates
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = (
        insert(TrustCertificate)
        .values(**certificate._asdict(), added_at=utc_now())
        .on_conflict_do_nothing()
        .returning(TrustCertificate.sha256)
    )
    return connection.execute(statement).first() is not None


def remove_certificate(connection: Connection, sha256: str) -> int:
    """Remove a certificate in every role; return the number of removed rows."""
    statement = delete(TrustCertificate).where(TrustCertificate.sha256 == sha256)
    return connection.execute(statement).rowcount
