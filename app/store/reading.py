"""Reads: what is asked of the store most. One statement each, whatever the number of rows.

The rows of a list are found in two moves of one statement: first the ids of the page, out of
narrow indexes, newest first; then the signatures of these few ids alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import (
    BindParameter,
    Column,
    Connection,
    MetaData,
    Select,
    String,
    Table,
    bindparam,
    exists,
    func,
    select,
    union,
)

from app.store.errors import SignatureNotFound
from app.store.migrations import HEAD, VERSION_TABLE
from app.store.models import Signature, SignatureTag, SignatureTagPair, Version
from app.store.prepared import Prepared
from app.store.records import RECORD_COLUMNS, SignatureRecord

#: Rows that a long answer fetches at a time: about a megabyte of signatures.
FETCH_ROWS = 200
#: Tags of an "all" filter that PostgreSQL may put in any order to begin with the rarest. Planning
#: takes longer with each: 50 took half a second, 100 nearly four.
PLANNED_TAGS = 6
_LARGEST = 2**63 - 1

_REVISION = Table(VERSION_TABLE, MetaData(), Column("version_num", String))
_CURRENT = (Version.signature_id == Signature.id) & (Version.version == Signature.version)
_THREAD = (
    Signature.document == bindparam("document"),
    Signature.thread == bindparam("thread"),
)
_FIND_CURRENT = Prepared(select(*RECORD_COLUMNS).join(Version, _CURRENT).where(*_THREAD))
_FIND_VERSION = Prepared(
    select(*RECORD_COLUMNS)
    .join(Version, Version.signature_id == Signature.id)
    .where(*_THREAD, Version.version == bindparam("version"))
)


def get_signature(
    connection: Connection, document: str, thread: str, version: int | None = None
) -> SignatureRecord:
    """Give one version of a thread, the current one if `version` is None.

    Raises:
        SignatureNotFound: there is no such thread, or no such version of it.
    """
    statement = _FIND_CURRENT if version is None else _FIND_VERSION
    parameters = {"document": document, "thread": thread, "version": version}
    rows = statement.fetch(connection, parameters)
    if not rows:
        raise SignatureNotFound
    return SignatureRecord.of(rows[0])


def list_versions(
    connection: Connection, document: str, thread: str, *, with_cms: bool = True
) -> Iterator[SignatureRecord]:
    """Give all versions of a thread, newest first, none if there is no such thread.

    The rows come as they are taken; `connection` is one of `database.snapshot`.
    """
    statement = (
        select(*_columns(with_cms))
        .join(Version, Version.signature_id == Signature.id)
        .where(*_THREAD)
        .order_by(Version.version.desc())
    )
    return _stream(connection, statement, {"document": document, "thread": thread})


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What a list is filtered by: all of what is given. Text matches exactly."""

    document: str | None = None
    thread: str | None = None
    stage: str | None = None
    tags: tuple[str, ...] = ()
    tags_mode: Literal["any", "all"] = "any"

    @property
    def parameters(self) -> dict[str, str]:
        """The values for the placeholders of `Shape`'s statements."""
        given = {"document": self.document, "thread": self.thread, "stage": self.stage}
        # In the order in which `SignatureTagPair` has them.
        tags = sorted(self.tags) if self.tags_mode == "all" else self.tags
        return {name: value for name, value in given.items() if value is not None} | {
            f"tag_{number}": tag for number, tag in enumerate(tags)
        }

    @property
    def shape(self) -> Shape:
        """What a statement depends on, which is not the values."""
        columns = tuple(
            name for name in ("document", "thread", "stage") if getattr(self, name) is not None
        )
        return Shape(columns, len(self.tags), self.tags_mode)


def search(
    connection: Connection,
    criteria: Criteria,
    *,
    limit: int,
    offset: int = 0,
    with_cms: bool = True,
) -> Iterator[SignatureRecord]:
    """Give matching threads in their current version, each once, newest first.

    Args:
        connection: see `limit`.
        criteria: what to look for.
        limit: rows at most; 0: all. Where they may be more than `FETCH_ROWS`, they come as they
            are taken, and `connection` is one of `database.snapshot`.
        offset: rows to leave out at the start.
        with_cms: whether to read the signature itself.
    """
    statement = page_statement(criteria.shape, limited=bool(limit), with_cms=with_cms)
    parameters = page_parameters(criteria, limit, offset)
    if is_short(limit):
        return map(SignatureRecord.of, statement.fetch(connection, parameters))
    return _stream(connection, statement.statement, parameters)


def is_short(limit: int) -> bool:
    """Tell whether a list with this limit is fetched at once."""
    return 0 < limit <= FETCH_ROWS


def count(connection: Connection, criteria: Criteria) -> int:
    """Give the number of all matching threads."""
    statement = _count_statement(criteria.shape)
    return connection.execute(statement, criteria.parameters).scalar_one()


def is_migrated(connection: Connection) -> bool:
    """Tell whether the schema is at the step that this program was written for."""
    return connection.execute(select(_REVISION.c.version_num)).scalars().all() == [HEAD]


def statistics(connection: Connection) -> dict[str, int]:
    """Give the numbers of threads, versions, and distinct tags in use."""
    statement = select(
        select(func.count()).select_from(Signature).scalar_subquery().label("threads"),
        select(func.count()).select_from(Version).scalar_subquery().label("versions"),
        select(func.count(SignatureTag.tag.distinct())).scalar_subquery().label("tags"),
    )
    return dict(connection.execute(statement).mappings().one())


def _stream(
    connection: Connection, statement: Select[Any], parameters: dict[str, Any]
) -> Iterator[SignatureRecord]:
    options = {"yield_per": FETCH_ROWS}
    return map(
        SignatureRecord.of, connection.execute(statement, parameters, execution_options=options)
    )


def _columns(with_cms: bool) -> tuple[Any, ...]:
    return RECORD_COLUMNS if with_cms else RECORD_COLUMNS[:-1]


@dataclass(frozen=True, slots=True)
class Shape:
    """Which filters a list has. Statements are made once for each shape, and then reused."""

    columns: tuple[str, ...]
    tags: int
    tags_mode: str


def page_parameters(criteria: Criteria, limit: int, offset: int) -> dict[str, Any]:
    """Give the values for the placeholders of `page_statement`."""
    reach = min(limit + offset, _LARGEST)
    return criteria.parameters | {"limit": limit, "offset": offset, "reach": reach}


@lru_cache(maxsize=512)
def page_statement(shape: Shape, *, limited: bool, with_cms: bool) -> Prepared:
    """Write the statement of a list; `limited` lists end after :limit rows."""
    ids = _newest_ids(shape) if limited else _all_ids(shape)
    page = ids.subquery("page")
    return Prepared(
        select(*_columns(with_cms))
        .join(page, page.c[0] == Signature.id)
        .join(Version, _CURRENT)
        .order_by(Signature.id.desc())
    )


@lru_cache(maxsize=512)
def _count_statement(shape: Shape) -> Select[int]:
    return select(func.count()).select_from(_matching(shape).subquery())


def _all_ids(shape: Shape) -> Select[Any]:
    matching = _matching(shape)
    return matching.order_by(matching.selected_columns[0].desc()).offset(bindparam("offset"))


def _newest_ids(shape: Shape) -> Select[Any]:
    """Give the ids of one page."""
    limit: BindParameter[int] = bindparam("limit")
    offset: BindParameter[int] = bindparam("offset")
    if shape.tags > 1 and shape.tags_mode == "any" and not shape.columns:
        # Sorting all that carry a popular tag would cost its whole length. The page is among the
        # newest few of each tag, and those lie in order in the index.
        newest = [
            select(SignatureTag.signature_id)
            .where(SignatureTag.tag == bindparam(f"tag_{number}"))
            .order_by(SignatureTag.signature_id.desc())
            .limit(bindparam("reach"))
            .subquery()
            for number in range(shape.tags)
        ]
        merged = union(*(select(branch.c.signature_id) for branch in newest)).subquery()
        ids = select(merged.c.signature_id)
    else:
        ids = _matching(shape)
    return ids.order_by(ids.selected_columns[0].desc()).limit(limit).offset(offset)


def _matching(shape: Shape) -> Select[int]:
    """Select the id of each matching thread, each once, in no order."""
    tags: list[Any] = [bindparam(f"tag_{number}") for number in range(shape.tags)]
    if tags and not shape.columns:
        return _tagged(tags, shape.tags_mode)
    conditions = [getattr(Signature, name) == bindparam(name) for name in shape.columns]
    if tags and shape.tags_mode == "any":
        conditions.append(_has_tag(Signature.id, SignatureTag.tag.in_(tags)))
    else:
        conditions.extend(_has_every_tag(Signature.id, tags))
    return select(Signature.id).where(*conditions)


def _tagged(tags: list[Any], mode: str) -> Select[int]:
    """Select by tags alone, for which the narrow index is enough."""
    if len(tags) == 1:
        return select(SignatureTag.signature_id).where(SignatureTag.tag == tags[0])
    if mode == "any":
        return select(SignatureTag.signature_id).where(SignatureTag.tag.in_(tags)).distinct()
    pair = SignatureTagPair
    others = _has_every_tag(pair.signature_id, tags[2:])
    return select(pair.signature_id).where(
        pair.first_tag == tags[0], pair.second_tag == tags[1], *others
    )


def _has_every_tag(signature_id: Any, tags: list[Any]) -> list[Any]:
    """Give conditions that a thread with all of the tags meets."""
    planned, counted = tags[:PLANNED_TAGS], tags[PLANNED_TAGS:]
    conditions = [_has_tag(signature_id, SignatureTag.tag == tag) for tag in planned]
    if counted:
        found = select(func.count()).where(
            SignatureTag.signature_id == signature_id, SignatureTag.tag.in_(counted)
        )
        conditions.append(found.scalar_subquery() == len(counted))
    return conditions


def _has_tag(signature_id: Any, condition: Any) -> Any:
    return exists().where(SignatureTag.signature_id == signature_id, condition)
