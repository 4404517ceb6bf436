"""Versions that were saved before their signers were read: the rows that are missing, filled in.

It goes through what is unread in batches, each a transaction, so it can be stopped and resumed;
servers may serve and save meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, Row, bindparam, func, select, update

from app.cms.errors import MalformedSignature
from app.cms.parsing import parse
from app.store import search_indexes, signers
from app.store.columns import random_uuid
from app.store.database import transaction
from app.store.models import Signature, Signer, Version
from app.store.signing import Signing, read_signing, read_text

#: Versions of one transaction: half a second of reading.
BATCH = 200

_UNREAD = Version.signature_size.is_(None)
_KEY = (
    Version.signature_id == bindparam("of_signature"),
    Version.version == bindparam("of_version"),
)
#: What was verified when a version was saved can't be found out again.
_VERIFIED = select(Signer.number, Signer.verified_gen_time).where(
    Signer.signature_id == bindparam("of_signature"),
    Signer.version == bindparam("of_version"),
    Signer.verified_gen_time.is_not(None),
)

#: Threads that a server of an older program began while a newer one was being started.
_NAMELESS = update(Signature).where(Signature.public_id.is_(None)).values(public_id=random_uuid())


def count_unread(connection: Connection) -> int:
    """Give the number of versions whose signers were not read yet."""
    return connection.execute(select(func.count()).select_from(Version).where(_UNREAD)).scalar_one()


def reindex(engine: Engine, *, everything: bool = False) -> Iterator[int]:
    """Read the signers of versions again, and give how many were done after each batch.

    Args:
        engine: of the store.
        everything: also those that were read before, for instance by an older program.
    """
    with transaction(engine) as connection:
        connection.execute(_NAMELESS)
    done = 0
    after = (0, 0)
    while True:
        with transaction(engine) as connection:
            rows = _next_batch(connection, after, everything)
            for row in rows:
                _read_again(connection, row)
            _name_threads(connection, {row.signature_id for row in rows})
        if not rows:
            return
        done += len(rows)
        after = (rows[-1].signature_id, rows[-1].version)
        yield done


def _next_batch(
    connection: Connection, after: tuple[int, int], everything: bool
) -> list[Row[*tuple[Any, ...]]]:
    """Lock the threads of the next few versions, so that no save of them is overtaken."""
    statement = (
        select(
            Version.signature_id,
            Version.version,
            Version.cms,
            Version.created_at,
            # Of a detached content, which came along once, nothing else is left.
            Version.content_sha256,
            Signature.version.label("current"),
        )
        .join(Signature, Signature.id == Version.signature_id)
        .where(
            (Version.signature_id > after[0])
            | ((Version.signature_id == after[0]) & (Version.version > after[1]))
        )
        .order_by(Version.signature_id, Version.version)
        .limit(BATCH)
        .with_for_update(of=Signature)
    )
    if not everything:
        statement = statement.where(_UNREAD)
    return list(connection.execute(statement).all())


def _name_threads(connection: Connection, signature_ids: Collection[int]) -> None:
    """Give public ids to threads that a program before this one began on the new tables."""
    nameless = Signature.id.in_(signature_ids), Signature.public_id.is_(None)
    connection.execute(update(Signature).where(*nameless).values(public_id=random_uuid()))


def _read_again(connection: Connection, row: Row[*tuple[Any, ...]]) -> None:
    dialect = connection.dialect.name
    key = {"of_signature": row.signature_id, "of_version": row.version}
    verified = {number: moment for number, moment in connection.execute(_VERIFIED, key) if moment}
    signing = _read(row, verified)
    is_current = row.version == row.current
    if is_current:
        connection.execute(search_indexes.drop_terms(dialect, row.signature_id, row.version))
    connection.execute(signers.DROP, key)
    connection.execute(
        update(Version)
        .where(*_KEY)
        .values(
            signature_sha256=signing.signature_sha256,
            content_sha256=signing.content_sha256,
            terms=orjson.loads(signing.terms),
            format=signing.format,
            signature_size=signing.signature_size,
            content_size=signing.content_size,
        ),
        key,
    )
    head = select(Version.signature_id.label("id"), Version.version).where(*_KEY).subquery("head")
    sent = {**key, "new_signers": signing.signers, "new_terms": signing.terms}
    connection.execute(signers.add_sent(dialect, head), sent)
    if is_current:
        connection.execute(search_indexes.add_terms(dialect, head), sent)
        connection.execute(
            update(Signature)
            .where(Signature.id == row.signature_id)
            .values(claimed_signed_at=signing.signed_at)
        )


def _read(row: Row[*tuple[Any, ...]], verified: Mapping[int, datetime]) -> Signing:
    try:
        return read_signing(parse(row.cms), row.created_at, row.content_sha256, verified)
    except MalformedSignature:
        # Kept while CMS_VALIDATION was off, or taken over from the original server.
        return read_text(row.cms)
