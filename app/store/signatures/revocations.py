"""Revocations that were proven for a stored signature: they bind every later result."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import (
    Connection,
    Engine,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError, ProgrammingError

from app.cms import Answer, NotedRevocation, Revoked, SignerStatus
from app.store.database.compiled_query import Prepared
from app.store.database.types import TextList, is_among
from app.store.migrations.steps import is_missing
from app.store.models import Revocation
from app.store.signatures.judgements import find_counting, judge_again
from app.store.signatures.large_texts import Key

Recall: TypeAlias = Callable[[Collection[str], Collection[str]], Sequence[NotedRevocation]]
"""Returns what is known against certificates, and against others with one of some keys.

Certificates are given by the SHA-256s of what is signed of them, and public keys by theirs; hex.
"""

#: The `reason` of a revocation that gives none.
_NO_REASON = -1


#: The statement that each save with a path to an anchor runs.
_FIND = Prepared(
    select(Revocation.__table__)
    .where(
        or_(
            is_among(Revocation.certificate, bindparam("some", type_=TextList())),
            is_among(Revocation.public_key, bindparam("keys", type_=TextList())),
        )
    )
    .order_by(Revocation.certificate, Revocation.revoked_at, Revocation.reason),
    kept=True,
)


def recall_of(engine: Engine) -> Recall:
    """Return what finds the revocations that a database has. Raises SQLAlchemyError."""

    def recall(certificates: Collection[str], keys: Collection[str]) -> Sequence[NotedRevocation]:
        with engine.connect() as connection:
            try:
                return find_revocations(connection, certificates, keys)
            except (OperationalError, ProgrammingError) as error:
                # A database that was not migrated that far has none.
                if not is_missing(error):
                    raise
                return ()

    return recall


class NotedMeanwhile(Exception):
    """A revocation was noted after a signer whom it may refuse was verified."""


class Remembered:
    """Recalls, and remembers what it was asked and found.

    A revocation may be noted while signatures are verified: then their results must not be written
    over what was decided for that.
    """

    def __init__(self, recall: Recall) -> None:
        self._recall = recall
        self._certificates: set[str] = set()
        self._keys: set[str] = set()
        self._found: set[tuple[Any, ...]] = set()

    def __call__(
        self, certificates: Collection[str], keys: Collection[str]
    ) -> Sequence[NotedRevocation]:
        """Return what is known, as `Recall` does."""
        self._certificates.update(certificates)
        self._keys.update(keys)
        found = self._recall(certificates, keys)
        self._found.update(map(_key_of, found))
        return found

    def require_no_more(self, connection: Connection) -> None:
        """Require that no more is known by now: after results are written, before the commit.

        A transaction that notes one (`keep_proven`) updates the same rows: one of the two waits
        for the other. Raises NotedMeanwhile.
        """
        if self._certificates or self._keys:
            now = find_revocations(connection, self._certificates, self._keys)
            if not self._found.issuperset(map(_key_of, now)):
                raise NotedMeanwhile


def find_revocations(
    connection: Connection, certificates: Collection[str], keys: Collection[str] = ()
) -> list[NotedRevocation]:
    """Return what is known against certificates and keys, by the digests of `Recall`."""
    given = {"some": sorted(certificates), "keys": sorted(keys)}
    rows = _FIND.fetch(connection, given)
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
    """Note what proved that signers of a stored version don't count, and have them judged again.

    Inside `database.transaction`. Repeated, it changes nothing.
    """
    wrong = _find_contradicted(connection, key, statuses)
    judge_again(connection, key, {*_denied(statuses), *wrong})
    note_revocations(connection, noted_of(statuses))


def is_known(
    connection: Connection, key: Key, statuses: Sequence[SignerStatus], *, repeats: bool
) -> bool:
    """Return whether `keep_proven` would change nothing that counts.

    `repeats`: the background would find the same, so that it does not judge again and again.
    """
    noted = noted_of(statuses)
    rows = find_revocations(connection, {one.certificate for one in noted}) if noted else ()
    known = {(*_key_of(one), one.lifted_at) for one in rows}
    is_noted = all((*_key_of(one), one.lifted_at) in known for one in noted)
    asked = statuses if repeats else [one for one in statuses if _is_denied(one)]
    return is_noted and not _find_contradicted(connection, key, asked)


def _find_contradicted(
    connection: Connection, key: Key, statuses: Sequence[SignerStatus]
) -> list[int]:
    """Return the numbers of signers who count as stored, and don't by these results."""
    denied, doubted = _denied(statuses), _doubted(statuses)
    counting = find_counting(connection, key, {*denied, *doubted})
    return [number for number, standing in counting.items() if number in denied or standing > 0]


def speaks_against(statuses: Sequence[SignerStatus]) -> bool:
    """Return whether verification found anything that `keep_proven` may have to keep."""
    return bool(noted_of(statuses) or _doubted(statuses))


def _denied(statuses: Sequence[SignerStatus]) -> list[int]:
    return [one.number for one in statuses if _is_denied(one)]


def _is_denied(status: SignerStatus) -> bool:
    return status.revocation.answer is Answer.NO


def _doubted(statuses: Sequence[SignerStatus]) -> list[int]:
    """Return the numbers of signers who lack a path, as when a timestamp attests nothing now."""
    return [one.number for one in statuses if one.path.answer is not Answer.YES]


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
        "public_key": one.public_key,
        "anchor_key": one.anchor_key,
        "lifted_at": one.lifted_at,
    }


#: What a statement of before may lack.
_KEYS = ("public_key", "anchor_key")


def _earlier(new: Any) -> Any:
    """Return the earlier time at which a hold was lifted."""
    known = Revocation.lifted_at
    is_later = and_(known.is_not(None), or_(new.lifted_at.is_(None), known < new.lifted_at))
    return case((is_later, known), else_=new.lifted_at)


@cache
def _add(dialect: str) -> Any:
    insert: Any = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = insert(Revocation)
    new = statement.excluded
    changed = [one.name for one in Revocation.__table__.columns if one.name not in _KEY]
    is_newer = Revocation.this_update < new.this_update
    is_as_new = Revocation.this_update == new.this_update
    lifts = and_(
        new.lifted_at.is_not(None),
        or_(Revocation.lifted_at.is_(None), Revocation.lifted_at > new.lifted_at),
    )
    names_key = and_(Revocation.public_key.is_(None), new.public_key.is_not(None))
    return statement.on_conflict_do_update(
        index_elements=[getattr(Revocation, name) for name in _KEY],
        set_={name: getattr(new, name) for name in changed}
        | {name: func.coalesce(new[name], getattr(Revocation, name)) for name in _KEYS}
        | {"lifted_at": case((is_newer, new.lifted_at), else_=_earlier(new))},
        where=or_(is_newer, and_(is_as_new, or_(lifts, names_key))),
    )
