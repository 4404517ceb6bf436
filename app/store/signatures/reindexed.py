"""Writing the results of `reindexing`: a few statements for many versions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    Executable,
    Integer,
    Text,
    case,
    delete,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from app.store.database import bulk
from app.store.database.types import ROW_ID, UtcDateTime
from app.store.models import (
    IS_CURRENT,
    Signature,
    SignaturePair,
    SignatureTag,
    SignatureTerm,
    Signer,
    Version,
)
from app.store.search import kept_counts
from app.store.search.tag_pairs import pairs_of
from app.store.signatures import signers
from app.store.signatures.extraction import Signing
from app.store.signatures.standings import LEFT, PROVEN

_KEY = {"signature_id": ROW_ID, "version": Integer()}
_OF_VERSION = {
    "signature_sha256": Text(),
    "content_sha256": Text(),
    "terms": JSON(),
    "format": Text(),
    "signature_size": Integer(),
    "content_size": Integer(),
}
#: The key of a signer, and the columns of the result that stays.
_OF_SIGNER = ("signature_id", "version", "number")
_STAYS = (*_OF_SIGNER, "verified_gen_time", "standing", "standing_reason", "judged_against")
#: Position of the verification result in a row of `Signing.signers`.
_FOUND_AT = list(signers.KINDS).index("standing")
_OF_TERM = {"term": Text(), "signature_id": ROW_ID}


class Reread(NamedTuple):
    """One version, and its extracted data."""

    signature_id: int
    version: int
    signing: Signing


def write(connection: Connection, read: Sequence[Reread]) -> None:
    """Replace the extracted data of versions, except of threads that were deleted meanwhile.

    Inside `database.transaction`. The threads are locked against concurrent saves: which version is
    current, for the search index, is looked up under that lock.
    """
    heads = _lock(connection, {one.signature_id for one in read})
    kept = [one for one in read if one.signature_id in heads]
    current = [one for one in kept if heads[one.signature_id] == one.version]
    _write_terms(connection, current)
    kept_counts.reset(connection)
    _write_versions(connection, kept)
    _write_signers(connection, kept)
    moments = [(one.signature_id, one.signing.signed_at) for one in current]
    bulk.execute(
        connection,
        lambda given: (
            update(Signature)
            .where(Signature.id == given.signature_id)
            .values(claimed_signed_at=given.signed_at)
        ),
        {"signature_id": ROW_ID, "signed_at": UtcDateTime()},
        moments,
    )


def _lock(connection: Connection, signature_ids: Iterable[int]) -> dict[int, int]:
    """Lock threads, in the order of their ids; return the current version of each."""
    statement = (
        select(Signature.id, Signature.version)
        .where(Signature.id.in_(signature_ids))
        .order_by(Signature.id)
        .with_for_update()
    )
    return {row.id: row.version for row in connection.execute(statement)}


def _write_terms(connection: Connection, current: Sequence[Reread]) -> None:
    """Bring the search index up to date, before the versions' own lists are replaced."""
    kept = _kept_terms(connection, {one.signature_id for one in current})
    gone: list[tuple[str, int]] = []
    new: list[tuple[str, int]] = []
    for one in current:
        before = set(kept.get(one.signature_id) or ())
        after = set(orjson.loads(one.signing.terms))
        gone += [(term, one.signature_id) for term in sorted(before - after)]
        # All of them, not only those that the list doesn't have: the index may lack one.
        new += [(term, one.signature_id) for term in sorted(after)]
    bulk.execute(
        connection,
        lambda given: delete(SignatureTerm).where(
            SignatureTerm.term == given.term, SignatureTerm.signature_id == given.signature_id
        ),
        _OF_TERM,
        gone,
    )
    _add(connection, SignatureTerm, _OF_TERM, new)


def add_tags(connection: Connection, signature_ids: Iterable[int]) -> None:
    """Add missing tags of threads' current versions to the search indexes.

    Inside `database.transaction`; the threads are locked, or new.
    """
    tagged = connection.execute(
        select(Version.signature_id, Version.tags)
        .join(Signature, IS_CURRENT)
        .where(Signature.id.in_(signature_ids))
    ).all()
    tags = [(tag, row.signature_id) for row in tagged for tag in sorted(set(row.tags))]
    pairs = [(pair, row.signature_id) for row in tagged for pair in pairs_of(row.tags)]
    _add(connection, SignatureTag, {"tag": Text(), "signature_id": ROW_ID}, tags)
    _add(connection, SignaturePair, {"pair": BigInteger(), "signature_id": ROW_ID}, pairs)


def _add(
    connection: Connection, table: Any, kinds: dict[str, Any], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Add rows to an index, except those that it has."""
    on_sqlite = connection.dialect.name == "sqlite"
    insert_or_nothing = sqlite.insert if on_sqlite else postgresql.insert
    bulk.execute(
        connection,
        # Without WHERE, SQLite parses the ON of ON CONFLICT as a join's.
        lambda given: (
            insert_or_nothing(table)
            .from_select(
                list(kinds), select(*(getattr(given, name) for name in kinds)).where(true())
            )
            .on_conflict_do_nothing()
        ),
        kinds,
        rows,
    )


def _kept_terms(connection: Connection, signature_ids: Iterable[int]) -> dict[int, list[str]]:
    """Return the lists of threads' current versions."""
    statement = (
        select(Version.signature_id, Version.terms)
        .join(Signature, IS_CURRENT)
        .where(Signature.id.in_(signature_ids))
    )
    return {row.signature_id: row.terms for row in connection.execute(statement)}


def _write_versions(connection: Connection, read: Iterable[Reread]) -> None:
    bulk.execute(
        connection,
        lambda given: (
            update(Version)
            .where(Version.signature_id == given.signature_id, Version.version == given.version)
            .values({name: getattr(given, name) for name in _OF_VERSION})
        ),
        {**_KEY, **_OF_VERSION},
        [(*one[:2], *(getattr(one.signing, name) for name in _OF_VERSION)) for one in read],
    )


def _write_signers(connection: Connection, read: Sequence[Reread]) -> None:
    """Write the signers of versions, who are verified again; the results for them stay until then.

    A row is changed in place: a result may be written at the same time, or a revocation noted
    (`revocations.Remembered`), and whoever does so finds the row, or waits for it.
    """
    bulk.execute(
        connection,
        lambda given: delete(Signer).where(
            Signer.signature_id == given.signature_id,
            Signer.version == given.version,
            Signer.number > given.number,
        ),
        {**_KEY, "number": Integer()},
        [(*one[:2], len(one.signing.facts)) for one in read],
    )
    bulk.execute(
        connection,
        lambda given: _add_signers(connection.dialect.name, given),
        {**_KEY, **signers.KINDS},
        [row for one in read for row in _rows_of(one)],
    )


def _add_signers(dialect: str, given: Any) -> Executable:
    names = [*_KEY, *signers.KINDS]
    insert: Any = sqlite.insert if dialect == "sqlite" else postgresql.insert
    # Without WHERE, SQLite parses the ON of ON CONFLICT as a join's.
    rows = select(*(getattr(given, name) for name in names)).where(true())
    statement = insert(Signer).from_select(names, rows)
    changed = {name: statement.excluded[name] for name in names if name not in _STAYS}
    # What comes first in the background still does.
    known = Signer.judged_against
    waits = case((or_(known == LEFT, known == PROVEN), known), else_=None)
    updated: Executable = statement.on_conflict_do_update(
        index_elements=_OF_SIGNER, set_={**changed, "judged_against": waits}
    )
    return updated


def _rows_of(one: Reread) -> list[tuple[Any, ...]]:
    return [
        (
            *one[:2],
            *values,
            None if moment is None else datetime.fromisoformat(moment).replace(tzinfo=UTC),
            orjson.dumps(facts).decode(),
            *standing,
        )
        for *values, moment, facts, standing in map(_split, orjson.loads(one.signing.signers))
    ]


def _split(row: list[Any]) -> list[Any]:
    """Split off the verification result of a signer, which is at the end, into its own list."""
    return [*row[:_FOUND_AT], row[_FOUND_AT:]]
