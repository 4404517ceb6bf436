"""A thread by its public id: the UUID assigned at its first save."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, bindparam, func, select

from app.store.database.types import PUBLIC_ID
from app.store.errors import SignatureNotFound
from app.store.models import IS_CURRENT, Package, PackageDocument, Signature, Signer, Version
from app.store.packages.progress import newest_package
from app.store.packages.requirements import has_signed
from app.store.signatures.same_document import signed_the_same
from app.store.signatures.standings import Trusted


class PublicThread(NamedTuple):
    """A thread in its current version; see `models.Version` for what may be None.

    The signature itself isn't read: only a file needs it.
    """

    signature_id: int
    version: int
    public_id: str
    document: str
    thread: str
    created_at: datetime
    updated_at: datetime
    #: SHA-256 of the decoded signature, hex.
    signature_sha256: str | None
    format: str | None
    #: Bytes of the decoded signature, and of the content attached to it.
    signature_size: int | None
    content_size: int | None
    signers: int
    #: How many of them have signed the same, whatever it is.
    signed: int
    #: How many people signed what the newest sent package asks for.
    people: int


_OF_VERSION = (Signer.signature_id == Version.signature_id, Signer.version == Version.version)
_SIGNERS = select(func.count()).where(*_OF_VERSION)
#: The key that identifies a signer, as that of `implicit`: who has no number is known by the name.
_PERSON = func.coalesce(
    Signer.claimed_iin,
    Signer.claimed_bin,
    func.nullif(Signer.claimed_name, ""),
    Signer.facts[("certificate", "sha256")].as_string(),
)
#: The SHA-256 of what was to be signed, from the newest package that was sent.
_WANTED = (
    select(PackageDocument.sha256)
    .join(Package, Package.id == PackageDocument.package_id)
    .where(
        Package.id == newest_package(Signature.__table__),
        PackageDocument.document == Signature.document,
        Package.opened_at.is_not(None),
    )
    .limit(1)
    .correlate(Signature)
)


@lru_cache(maxsize=8)
def _find(trusted: Trusted) -> Select[*tuple[Any, ...]]:
    signed = _SIGNERS.where(trusted.condition(Signer), signed_the_same(trusted))
    people = (
        select(func.count(_PERSON.distinct()))
        .where(*_OF_VERSION, *has_signed(trusted, _WANTED.scalar_subquery()))
        .correlate(Version, Signature)
    )
    return (
        select(
            Version.signature_id,
            Version.version,
            Signature.public_id,
            Signature.document,
            Signature.thread,
            Signature.created_at,
            Signature.updated_at,
            Version.signature_sha256,
            Version.format,
            Version.signature_size,
            Version.content_size,
            _SIGNERS.scalar_subquery().label("signers"),
            signed.scalar_subquery().label("signed"),
            people.scalar_subquery().label("people"),
        )
        .join(Version, IS_CURRENT)
        .where(Signature.public_id == bindparam("public_id", type_=PUBLIC_ID))
    )


def get_public_thread(connection: Connection, public_id: str, trusted: Trusted) -> PublicThread:
    """Return the thread with this UUID, in lower case.

    Raises:
        SignatureNotFound: there is none.
    """
    row = connection.execute(_find(trusted), {"public_id": public_id}).first()
    if row is None:
        raise SignatureNotFound
    return PublicThread._make(row)
