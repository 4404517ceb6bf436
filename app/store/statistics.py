"""Statistics of the store for its operator.

They are exact, and counted each time: an index of every table, or a narrow table itself, is read
once.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Executable,
    func,
    select,
    text,
)

from app.store.database.types import utc_now
from app.store.migrations.steps import read_step
from app.store.models import Package, Signature, SignatureTag, SignatureTerm, Signer, Token, Version
from app.store.signatures.judgements import WAITS
from app.store.signatures.standings import Trusted

#: The bounds of the terms of persons' numbers.
_IIN_TERMS = ("iin:", "iin;")

_RESCINDED = Package.rescinded_at.is_not(None)
_OPENED = Package.opened_at.is_not(None)
_REVOKED = Token.revoked_at.is_not(None)
_LASTS = Token.expires_at.is_(None) | (Token.expires_at > utc_now())

#: Bytes of the whole database: on PostgreSQL with everything else in it, on SQLite without what is
#: still in the write-ahead log.
_SIZE = {
    "postgresql": "SELECT pg_database_size(current_database())",
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
}


def _counted(**conditions: ColumnElement[bool]) -> Executable:
    """Count the rows for which each condition holds, in one pass."""
    return select(*[func.count().filter(one).label(name) for name, one in conditions.items()])


_COUNTS: tuple[Executable, ...] = (
    select(
        func.count().label("threads"), func.max(Signature.updated_at).label("newest_save")
    ).select_from(Signature),
    select(
        select(func.count()).select_from(Version).scalar_subquery().label("versions"),
        select(func.count())
        .where(Version.signature_size.is_(None))
        .scalar_subquery()
        .label("unread_versions"),
        select(func.count()).select_from(Signer).scalar_subquery().label("signers"),
        select(func.count()).where(WAITS).scalar_subquery().label("signers_to_verify"),
    ),
    select(
        select(func.count(SignatureTag.tag.distinct())).scalar_subquery().label("tags"),
        select(func.count(SignatureTerm.term.distinct()))
        .where(SignatureTerm.term >= _IIN_TERMS[0], SignatureTerm.term < _IIN_TERMS[1])
        .scalar_subquery()
        .label("people"),
    ),
    _counted(
        packages_draft=~_OPENED & ~_RESCINDED,
        packages_open=_OPENED & ~_RESCINDED,
        packages_rescinded=_RESCINDED,
    ),
    _counted(
        tokens_active=~_REVOKED & _LASTS,
        tokens_expired=~_REVOKED & ~_LASTS,
        tokens_revoked=_REVOKED,
    ),
)


def statistics(connection: Connection, trusted: Trusted) -> dict[str, Any]:
    """Count what is kept, by a constant number of statements.

    Returns:
        Of threads: `threads` and `newest_save` (None if there is none). Of all versions:
        `versions`, `unread_versions` (whose signers were not read yet), `signers`, and
        `signers_to_verify` (not verified yet, or with other anchors). Of current versions, each
        once: `tags`, and `people` by the number that their certificates claim.
        `packages_draft`, `packages_open` (signed by all or not), `packages_rescinded`;
        `tokens_active`, `tokens_expired`, `tokens_revoked`; `schema_step`, `database_bytes`.
    """
    numbers: dict[str, Any] = {}
    given = {"everything": trusted.everything}
    for statement in _COUNTS:
        numbers |= connection.execute(statement, given).mappings().one()
    size = text(_SIZE[connection.dialect.name])
    numbers["schema_step"] = read_step(connection)
    return {**numbers, "database_bytes": connection.execute(size).scalar_one()}
