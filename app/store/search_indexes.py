"""The search indexes, and the statements that keep them in step with a thread's current version.

Each version keeps its own tags and terms as JSON lists; those of the *current* one are also rows
of narrow tables, tags singly and in pairs, where lists find their page.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BindParameter,
    Delete,
    FromClause,
    Function,
    Insert,
    Select,
    Text,
    bindparam,
    delete,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite

from app.store.models import SignatureTag, SignatureTagPair, SignatureTerm, Version

#: The lists that a save brings, as JSON text, which `Prepared` asks for.
SENT_TAGS: BindParameter[str] = bindparam("new_tags", type_=Text())
SENT_TERMS: BindParameter[str] = bindparam("new_terms", type_=Text())

#: The collation in which a pair's tags are ordered.
_BY_BYTES = {"sqlite": "BINARY", "postgresql": "C"}

_Expand = Callable[[Any], Function[Any]]


@dataclass(frozen=True, slots=True)
class _Index:
    """A table whose rows are made of items of a list: `columns` hold one item each."""

    table: type[SignatureTag | SignatureTagPair | SignatureTerm]
    columns: tuple[Any, ...]
    #: Where a version keeps the list, and the list that a save brings.
    kept: Any
    sent: BindParameter[str]


_INDEXES = (
    _Index(SignatureTag, (SignatureTag.tag,), Version.tags, SENT_TAGS),
    _Index(
        SignatureTagPair,
        (SignatureTagPair.first_tag, SignatureTagPair.second_tag),
        Version.tags,
        SENT_TAGS,
    ),
    _Index(SignatureTerm, (SignatureTerm.term,), Version.terms, SENT_TERMS),
)


def add_sent(dialect: str, head: FromClause) -> list[Insert]:
    """Write statements that add what a save brings, for the thread whose row is `head`."""
    return [_add(index, dialect, head) for index in _INDEXES]


def add_terms(dialect: str, head: FromClause) -> Insert:
    """Write the statement that adds SENT_TERMS alone."""
    return _add(_INDEXES[-1], dialect, head)


def drop_superseded(dialect: str, head: FromClause) -> list[Delete]:
    """Write statements that remove what version :seen of `head` has, and the save doesn't bring."""
    each = _expand_json(dialect)
    signature_id = select(head.c.id).scalar_subquery()
    return [
        _delete(index, dialect, signature_id, bindparam("seen")).where(
            or_(
                *(
                    column.not_in(select(_values(each(index.sent)).c.value))
                    for column in index.columns
                )
            )
        )
        for index in _INDEXES
    ]


def drop_all(dialect: str, signature_id: int, version: int) -> list[Delete]:
    """Write statements that remove a thread, whose current version is given, from the indexes."""
    return [_delete(index, dialect, signature_id, version) for index in _INDEXES]


def drop_terms(dialect: str, signature_id: int, version: int) -> Delete:
    """Write the statement that removes the terms of a thread, whose current version is given."""
    return _delete(_INDEXES[-1], dialect, signature_id, version)


def _add(index: _Index, dialect: str, head: FromClause) -> Insert:
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    each = _expand_json(dialect)
    item, other = _values(each(index.sent)), _values(each(index.sent), "other")
    # Without WHERE, SQLite takes the ON of ON CONFLICT for a join's.
    rows = select(item.c.value, head.c.id).where(true())
    if len(index.columns) == 2:
        rows = select(item.c.value, other.c.value, head.c.id).where(
            item.c.value.collate(_BY_BYTES[dialect]) < other.c.value
        )
    names = [*(column.key for column in index.columns), "signature_id"]
    return insert(index.table).from_select(names, rows).on_conflict_do_nothing()


def _delete(index: _Index, dialect: str, signature_id: Any, version: Any) -> Delete:
    """Delete by item as well as by id: the tables have no index that begins with the id."""
    kept = _list_of_version(_expand_json(dialect), index.kept, signature_id, version)
    return delete(index.table).where(
        index.table.signature_id == signature_id,
        *(_is_one_of(column, kept, dialect) for column in index.columns),
    )


def _expand_json(dialect: str) -> _Expand:
    """Name the function that makes rows of a JSON list of text."""
    return func.json_each if dialect == "sqlite" else func.json_array_elements_text


def _values(function: Function[Any], name: str = "item") -> FromClause:
    return function.table_valued("value", name=name, joins_implicitly=True)


def _is_one_of(column: Any, items: Select[Any], dialect: str) -> Any:
    """Compare with each of a few items.

    PostgreSQL expects a hundred rows of a JSON list, and would rather read the whole index; of an
    array it expects ten, and looks each up.
    """
    if dialect == "sqlite":
        return column.in_(items)
    return column == func.any(func.array(items.scalar_subquery()))


def _list_of_version(each: _Expand, kept: Any, signature_id: Any, version: Any) -> Select[Any]:
    item = _values(each(kept))
    return (
        select(item.c.value)
        .select_from(Version)
        .join(item, true())
        .where(Version.signature_id == signature_id, Version.version == version)
    )
