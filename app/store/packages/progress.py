"""Progress of the packages that threads belong to: for lists of threads, in one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    FromClause,
    ScalarSelect,
    Text,
    bindparam,
    cast,
    func,
    select,
)

from app.store.database.compiled_query import Prepared
from app.store.database.types import each_item
from app.store.models import Package, PackageDecision, PackageDocument, Signature
from app.store.packages.decisions import DECLINED
from app.store.packages.requirements import (
    Requirements,
    asks_for_roles,
    claims_of,
    read_list,
    requirements_of,
)
from app.store.signatures.standings import Trusted

#: A document and the name of a thread.
Pair = tuple[str, str]

#: The pairs as JSON text: a list of [place, document, thread].
_ASKED: BindParameter[str] = bindparam("asked", type_=Text())


@dataclass(frozen=True, slots=True)
class Progress:
    """The newest package of a thread, and how many of its signers signed the thread.

    A draft only if the thread has nothing but drafts.
    """

    public_id: str
    name: str | None
    #: None: a draft.
    opened_at: datetime | None
    sign_by: datetime | None
    rescinded_at: datetime | None
    #: Whether a signer declined to sign it.
    declined: bool
    #: The package's title of the document of this thread.
    document_name: str | None
    #: The SHA-256 of what was to be signed, hex; None if unknown.
    sha256: str | None
    #: Documents in the package.
    documents: int
    #: The number of required signers, and of those who signed the current version of this thread.
    required: int
    signed: int


def list_progress(
    connection: Connection, pairs: Sequence[Pair], trusted: Trusted
) -> Mapping[Pair, Progress]:
    """Return the progress of those pairs that have a package, signed or not."""
    if not pairs:
        return {}
    asked = [(place, *pair) for place, pair in enumerate(pairs)]
    rows = _statement(connection.dialect.name, trusted).fetch(
        connection, {"asked": orjson.dumps(asked).decode()}
    )
    return {pairs[place]: _progress(*columns) for place, *columns in rows}


def _progress(required: str, claims: str, *columns: Any) -> Progress:
    requirements = Requirements(read_list(required))
    values = [*columns, len(requirements), sum(requirements.met(read_list(claims)))]
    return Progress(*values)


@lru_cache(maxsize=8)
def _statement(dialect: str, trusted: Trusted) -> Prepared:
    """Find the package of each pair first; count only its own documents and signers."""
    asked = _asked(dialect)
    found = select(asked, newest_package(asked).label("package_id")).cte("found")
    documents = (
        select(func.count())
        .where(PackageDocument.package_id == found.c.package_id)
        .scalar_subquery()
        .label("documents")
    )
    mine = PackageDocument.__table__.alias("mine")
    roles = asks_for_roles(found.c.package_id)
    return Prepared(
        select(
            found.c.place,
            requirements_of(dialect, found.c.package_id),
            claims_of(dialect, roles, trusted, mine.c.sha256),
            # As text: the driver would make an object of it.
            cast(Package.public_id, Text),
            Package.name,
            Package.opened_at,
            Package.sign_by,
            Package.rescinded_at,
            _is_declined(found.c.package_id),
            mine.c.name,
            mine.c.sha256,
            documents,
        )
        .select_from(found)
        .join(Package, Package.id == found.c.package_id)
        .join(mine, (mine.c.package_id == Package.id) & (mine.c.document == found.c.document))
        .outerjoin(
            Signature,
            (Signature.document == found.c.document) & (Signature.thread == found.c.thread),
        )
        .order_by(found.c.place)
    )


def _is_declined(package_id: Any) -> ColumnElement[bool]:
    """Return whether any signer of a package declined."""
    return (
        select(PackageDecision.signer)
        .where(PackageDecision.package_id == package_id, PackageDecision.kind == DECLINED)
        .exists()
    )


def newest_package(asked: Any) -> ScalarSelect[int]:
    """Find the package of a document and a thread: the newest that was sent, else a draft.

    Args:
        asked: a table with columns `document` and `thread`.
    """
    return (
        select(Package.id)
        .join(PackageDocument, PackageDocument.package_id == Package.id)
        .where(
            PackageDocument.document == asked.c.document,
            PackageDocument.thread == asked.c.thread,
        )
        # A draft binds no signer yet, so it does not hide a package that was sent.
        .order_by(Package.opened_at.is_(None), Package.id.desc())
        .limit(1)
        .correlate(asked)
        .scalar_subquery()
    )


def _asked(dialect: str) -> FromClause:
    item = each_item(dialect, _ASKED)
    return select(
        item[0].as_integer().label("place"),
        item[1].as_string().label("document"),
        item[2].as_string().label("thread"),
    ).cte("asked")
