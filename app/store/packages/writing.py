"""Writes: adding, sending, rescinding and deleting a package.

One statement decides when two callers send or rescind the same package: an UPDATE of the row while
it is in a state that allows it. The resulting state is never stored but derived by `states`.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Connection, delete, insert, or_, select, update

from app.store.contents.keeping import list_of_package, release
from app.store.database.types import utc_now
from app.store.errors import (
    PackageExpired,
    PackageNotDraft,
    PackageNotFound,
    PackageNotSent,
    PackageRescinded,
)
from app.store.models import Package, PackageDocument, PackageSigner

#: Bytes of the key for the tokens of a package's links.
LINK_KEY_SIZE = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDocument:
    """One document of a new package; `document` is the code of its signatures."""

    document: str
    name: str | None = None
    file_name: str | None = None
    order: int
    #: SHA-256 of what is to be signed, hex.
    sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSigner:
    """A required signer; an IIN or a BIN is given, or both."""

    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    mobile_number: str | None = None
    order: int
    iin: str | None = None
    bin: str | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPackage:
    """A package to be added. All text is checked already; no document occurs twice."""

    name: str
    type: str
    #: None: the package's own UUID.
    thread: str | None = None
    #: Name of the token that adds it.
    member: str | None = None
    external_data: dict[str, Any] | None = None
    generate_links: bool = False
    sign_by: datetime | None = None
    #: Whether it is sent immediately; else it is a draft.
    opened: bool = False
    documents: tuple[NewDocument, ...]
    signers: tuple[NewSigner, ...]


def add_package(connection: Connection, new: NewPackage) -> str:
    """Add a package, inside `database.transaction`; return its UUID."""
    public_id = str(uuid4())
    thread = new.thread or public_id
    values = {
        "public_id": public_id,
        "name": new.name,
        "type": new.type,
        "thread": thread,
        "member": new.member,
        "external_data": new.external_data,
        "generate_links": new.generate_links,
        "link_key": secrets.token_hex(LINK_KEY_SIZE),
        "created_at": utc_now(),
        "sign_by": new.sign_by,
        "opened_at": utc_now() if new.opened else None,
    }
    statement = insert(Package).values(values).returning(Package.id)
    package_id = connection.execute(statement).scalar_one()
    parts: list[tuple[Any, Sequence[Any], dict[str, Any]]] = [
        (PackageDocument, new.documents, {"thread": thread}),
        (PackageSigner, new.signers, {}),
    ]
    for table, rows, common in parts:
        numbered = [
            {"package_id": package_id, "number": number, **common, **asdict(row)}
            for number, row in enumerate(rows, 1)
        ]
        connection.execute(insert(table), numbered)
    return public_id


def send_package(connection: Connection, public_id: str) -> None:
    """Turn a draft into an open package.

    Raises:
        PackageNotFound: there is none.
        PackageRescinded, PackageExpired, PackageNotDraft: it is no draft, or no longer one.
    """
    values = {"opened_at": utc_now()}
    allowed = [
        Package.opened_at.is_(None),
        Package.rescinded_at.is_(None),
        or_(Package.sign_by.is_(None), Package.sign_by > utc_now()),
    ]
    if not _change(connection, public_id, values, allowed):
        raise PackageNotDraft if _is_open(connection, public_id) else PackageExpired


def rescind_package(connection: Connection, public_id: str, message: str | None) -> None:
    """Rescind a package that was sent, signed or not.

    Raises:
        PackageNotFound: there is none.
        PackageRescinded, PackageNotSent: it can't be, or no longer.
    """
    values = {"rescinded_at": utc_now(), "rescind_message": message}
    allowed = [Package.opened_at.is_not(None), Package.rescinded_at.is_(None)]
    if not _change(connection, public_id, values, allowed):
        _is_open(connection, public_id)
        raise PackageNotSent


class Deleted(NamedTuple):
    """A package that was deleted, and what is to be removed after the commit."""

    public_id: str
    #: Locations of documents (`contents.keeping`).
    locations: list[str]


def delete_package(connection: Connection, public_id: str) -> Deleted:
    """Delete a package in any state, inside `database.transaction`. Signatures are kept.

    Raises:
        PackageNotFound: there is none.
    """
    named = _named(public_id)
    documents = list_of_package(connection, public_id.lower())
    statement = delete(Package).where(named).returning(Package.public_id)
    deleted = connection.execute(statement).scalar()
    if deleted is None:
        raise PackageNotFound
    return Deleted(deleted, release(connection, documents) if documents else [])


def read_uuid(text: str) -> str | None:
    """Return a UUID in lower case if the text is one (RFC 9562 section 4)."""
    try:
        written = str(UUID(text))
    except ValueError:
        return None
    return written if written == text.lower() else None


def _named(public_id: str) -> ColumnElement[bool]:
    """Return the condition that finds a package. Raises PackageNotFound if it is no UUID."""
    written = read_uuid(public_id)
    if written is None:
        raise PackageNotFound
    return Package.public_id == written


def _change(
    connection: Connection,
    public_id: str,
    values: dict[str, Any],
    allowed: Sequence[ColumnElement[bool]],
) -> bool:
    """Change a package if it is in a state that allows it; return whether it was."""
    statement = update(Package).where(_named(public_id), *allowed).values(values)
    return connection.execute(statement.returning(Package.id)).first() is not None


def _is_open(connection: Connection, public_id: str) -> bool:
    """Return whether a package that could not be changed was sent.

    Raises:
        PackageNotFound, PackageRescinded: that is why it could not.
    """
    statement = select(Package.opened_at, Package.rescinded_at).where(_named(public_id))
    found = connection.execute(statement).first()
    if found is None:
        raise PackageNotFound
    if found.rescinded_at is not None:
        raise PackageRescinded
    return found.opened_at is not None
