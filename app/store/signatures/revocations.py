"""Revocations that were proven for a stored signature: they bind every later result."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, Engine, Text, any_, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import OperationalError, ProgrammingError

from app.cms import Answer, NotedRevocation, Revoked, SignerStatus
from app.store.database.compiled_query import Prepared
from app.store.migrations.steps import is_missing
from app.store.models import Revocation
from app.store.signatures.judgements import has_to_be_judged, judge_again
from app.store.signatures.large_texts import Key

Recall: TypeAlias = Callable[[Collection[str]], Sequence[NotedRevocation]]
"""Returns what is known against certificates, by the SHA-256s of what is signed of them, hex."""

#: The `reason` of a revocation that gives none.
_NO_REASON = -1


@cache
def _find(dialect: str) -> Prepared:
    """Build the statement that each save with a path to an anchor runs."""
    some: ColumnElement[bool]
    if dialect == "postgresql":
        some = Revocation.certificate == any_(bindparam("some", type_=ARRAY(Text())))
    else:
        some = Revocation.certificate.in_(bindparam("some", expanding=True))
    by_time = Revocation.certificate, Revocation.revoked_at, Revocation.reason
    return Prepared(select(Revocation.__table__).where(some).order_by(*by_time), kept=True)


def recall_of(engine: Engine) -> Recall:
    """Return what finds the revocations that a database has. Raises SQLAlchemyError."""

    def recall(certificates: Collection[str]) -> Sequence[NotedRevocation]:
        with engine.connect() as connection:
            try:
                return find_revocations(connection, certificates)
            except (OperationalError, ProgrammingError) as error:
                # A database that was not migrated that far has none.
                if not is_missing(error):
                    raise
                return ()

    return recall


def find_revocations(
    connection: Connection, certificates: Collection[str]
) -> list[NotedRevocation]:
    """Return what is known against certificates, by the digests of `Recall`."""
    rows = _find(connection.dialect.name).fetch(connection, {"some": sorted(certificates)})
    return [_noted(*row) for row in rows]


def _noted(
    certificate: str,
    issuer_key: str,
    revoked_at: datetime,
    reason: int,
    invalid_since: datetime | None,
    *statement: Any,
) -> NotedRevocation:
    """Return a row, whose last columns are those of NotedRevocation in its order."""
    revoked = Revoked(revoked_at, None if reason == _NO_REASON else reason, invalid_since)
    kind, *rest = statement
    return NotedRevocation(certificate, issuer_key, kind, revoked, *rest)


def note_revocations(connection: Connection, noted: Iterable[NotedRevocation]) -> None:
    """Keep what was proven, inside `database.transaction`: of equal statements the newest."""
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for one in sorted(noted, key=lambda one: one.this_update):
        rows[_key_of(one)] = _row_of(one)
    statement = _add(connection.dialect.name)
    # In one order for all who keep some.
    for key in sorted(rows):
        connection.execute(statement, rows[key])


def keep_proven(connection: Connection, key: Key, statuses: Sequence[SignerStatus]) -> None:
    """Note what proved that signers of a stored version are refused, and have them judged again.

    Inside `database.transaction`. Repeated, it changes nothing.
    """
    judge_again(connection, key, _revoked(statuses))
    note_revocations(connection, noted_of(statuses))


def is_known(connection: Connection, key: Key, statuses: Sequence[SignerStatus]) -> bool:
    """Return whether `keep_proven` would change nothing that counts."""
    noted = noted_of(statuses)
    rows = find_revocations(connection, {one.certificate for one in noted})
    known = {_key_of(one) for one in rows}
    is_noted = all(_key_of(one) in known for one in noted)
    return is_noted and not has_to_be_judged(connection, key, _revoked(statuses))


def _revoked(statuses: Sequence[SignerStatus]) -> list[int]:
    return [one.number for one in statuses if one.revocation.answer is Answer.NO]


def _key_of(one: NotedRevocation) -> tuple[Any, ...]:
    row = _row_of(one)
    return tuple(row[name] for name in _KEY)


def noted_of(statuses: Iterable[SignerStatus]) -> tuple[NotedRevocation, ...]:
    """Return what the results of verification are to be kept for, each once."""
    return tuple(dict.fromkeys(noted for status in statuses for noted in status.noted))


_KEY = ("certificate", "issuer_key", "revoked_at", "reason")


def _row_of(one: NotedRevocation) -> dict[str, Any]:
    reason = one.revoked.reason
    return {
        "certificate": one.certificate,
        "issuer_key": one.issuer_key,
        "revoked_at": one.revoked.when,
        "reason": _NO_REASON if reason is None else reason,
        "invalid_since": one.revoked.invalid_since,
        "kind": one.kind,
        "this_update": one.this_update,
        "next_update": one.next_update,
        "is_complete": one.complete,
        "is_denied": one.denied,
    }


@cache
def _add(dialect: str) -> Any:
    insert: Any = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = insert(Revocation)
    new = statement.excluded
    changed = ("invalid_since", "kind", "this_update", "next_update", "is_complete", "is_denied")
    return statement.on_conflict_do_update(
        index_elements=[getattr(Revocation, name) for name in _KEY],
        set_={name: getattr(new, name) for name in changed},
        where=Revocation.this_update < new.this_update,
    )
