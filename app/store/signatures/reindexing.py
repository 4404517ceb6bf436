"""Extraction for versions that were saved before their signers were read.

Unread versions are processed in batches, so it can be stopped and resumed. Servers may serve and
save meanwhile: a version never changes, so it is read without any lock, and the results are written
in a short transaction that locks the threads.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Engine, exists, func, select, tuple_, update

from app.store.database.engine import transaction
from app.store.database.types import random_uuid
from app.store.models import Signature, Signer, Version
from app.store.signatures import reindexed
from app.store.signatures.extraction import read_kept
from app.store.signatures.large_texts import SIGNATURE, SIGNATURE_OCTETS
from app.store.signatures.reindexed import Reread

#: Versions of one transaction, and bytes of their signatures, unless a single one has more.
BATCH = 500
BATCH_SIZE = 2 * 1024 * 1024

_UNREAD = Version.signature_size.is_(None)

#: Threads that a server of an older program began while a newer one was being started.
_NAMELESS = update(Signature).where(Signature.public_id.is_(None)).values(public_id=random_uuid())


class Progress(NamedTuple):
    """How many versions were read, and how many of them are no signature."""

    versions: int
    unsigned: int


@dataclass(frozen=True, slots=True)
class _Span:
    """The versions of one batch: those after one and up to another, in the order of their keys."""

    after: tuple[int, int]
    last: tuple[int, int]
    everything: bool

    def conditions(self) -> list[ColumnElement[bool]]:
        return [*_behind(self.after, self.everything), _key() <= tuple_(*self.last)]


def count_unread(connection: Connection) -> int:
    """Return the number of versions whose signers were not read yet."""
    return connection.execute(select(func.count()).select_from(Version).where(_UNREAD)).scalar_one()


def count_unsigned(connection: Connection) -> int:
    """Return the number of versions that were read, and have no signer: they are no signature."""
    # From the signers' index, not `Version.format`, which SQLite stores after the text.
    has_signer = exists().where(
        Signer.signature_id == Version.signature_id, Signer.version == Version.version
    )
    nameless = select(func.count()).select_from(Version).where(~has_signer)
    unread = nameless.where(_UNREAD).scalar_subquery()
    number: int = connection.execute(select(nameless.scalar_subquery() - unread)).scalar_one()
    return number


def reindex(engine: Engine, *, everything: bool = False) -> Iterator[Progress]:
    """Read the signers of versions again, and yield the progress after each batch.

    Args:
        engine: of the store.
        everything: also those that were read before, for instance by an older program.
    """
    with transaction(engine) as connection:
        connection.execute(_NAMELESS)
    done = unsigned = 0
    # The next batch is read while the database writes this one.
    with ThreadPoolExecutor(max_workers=1) as ahead:
        batch = ahead.submit(_read_next, engine, (0, 0), everything).result()
        while batch is not None:
            span, read = batch
            following = ahead.submit(_read_next, engine, span.last, everything)
            with transaction(engine) as connection:
                reindexed.write(connection, read)
                threads = {one.signature_id for one in read}
                reindexed.add_tags(connection, threads)
                _name_threads(connection, threads)
            done += len(read)
            unsigned += sum(one.signing.format is None for one in read)
            yield Progress(done, unsigned)
            batch = following.result()


def _read_next(
    engine: Engine, after: tuple[int, int], everything: bool
) -> tuple[_Span, list[Reread]] | None:
    """Read the next batch; None if there is none."""
    with engine.connect() as connection:
        span = _next_span(connection, after, everything)
        return None if span is None else (span, _read_span(connection, span))


def _key() -> Any:
    return tuple_(Version.signature_id, Version.version)


def _behind(after: tuple[int, int], everything: bool) -> list[ColumnElement[bool]]:
    """Return the conditions that a version is still to be read, and comes after `after`."""
    behind = _key() > tuple_(*after)
    return [behind] if everything else [behind, _UNREAD]


def _next_span(connection: Connection, after: tuple[int, int], everything: bool) -> _Span | None:
    """Return the next versions, whose signatures fit into memory; None if there are none."""
    rows = connection.execute(
        select(Version.signature_id, Version.version, SIGNATURE_OCTETS)
        .where(*_behind(after, everything))
        .order_by(Version.signature_id, Version.version)
        .limit(BATCH)
    ).all()
    if not rows:
        return None
    fitting = sum(total <= BATCH_SIZE for total in accumulate(row[2] for row in rows))
    last = rows[max(fitting, 1) - 1]
    return _Span(after, (last[0], last[1]), everything)


def _read_span(connection: Connection, span: _Span) -> list[Reread]:
    """Read the signers of the versions of one batch."""
    rows = connection.execute(
        select(
            Version.signature_id,
            Version.version,
            SIGNATURE.label("cms"),
            Version.created_at,
            # For detached content, which was sent only once, nothing else is left.
            Version.content_sha256,
        )
        .where(*span.conditions())
        .order_by(Version.signature_id, Version.version)
    ).all()
    return [
        Reread(
            row.signature_id,
            row.version,
            read_kept(row.cms, row.created_at, row.content_sha256),
        )
        for row in rows
    ]


def _name_threads(connection: Connection, signature_ids: Collection[int]) -> None:
    """Add public ids to threads that an older program began on the new tables."""
    nameless = Signature.id.in_(signature_ids), Signature.public_id.is_(None)
    connection.execute(update(Signature).where(*nameless).values(public_id=random_uuid()))
