"""The search indexes of tags, and the statements that keep them in step with a thread's version.

Each version keeps its own tags as a JSON list; what the *current* one has is also here, singly
and in pairs, where lists find their page.
"""

from __future__ import annotations

from collections.abc import Callable
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

from app.store.models import SignatureTag, SignatureTagPair, Version

#: The list of tags that a save brings, as JSON text, which `Prepared` asks for.
SENT_TAGS: BindParameter[str] = bindparam("new_tags", type_=Text())

#: The tables, and the columns that hold one tag each.
_INDEXES: tuple[tuple[type[SignatureTag | SignatureTagPair], tuple[Any, ...]], ...] = (
    (SignatureTag, (SignatureTag.tag,)),
    (SignatureTagPair, (SignatureTagPair.first_tag, SignatureTagPair.second_tag)),
)
#: The collation in which a pair's tags are ordered.
_BY_BYTES = {"sqlite": "BINARY", "postgresql": "C"}

_Expand = Callable[[Any], Function[Any]]


def add_tags(dialect: str, head: FromClause) -> list[Insert]:
    """Write statements that add SENT_TAGS for the thread whose row is `head`."""
    each = _expand_json(dialect)
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    tag, other = _values(each(SENT_TAGS)), _values(each(SENT_TAGS), "other")
    # Without WHERE, SQLite takes the ON of ON CONFLICT for a join's.
    single = select(tag.c.value, head.c.id).where(true())
    pairs = select(tag.c.value, other.c.value, head.c.id).where(
        tag.c.value.collate(_BY_BYTES[dialect]) < other.c.value
    )
    return [
        insert(SignatureTag).from_select(["tag", "signature_id"], single).on_conflict_do_nothing(),
        insert(SignatureTagPair)
        .from_select(["first_tag", "second_tag", "signature_id"], pairs)
        .on_conflict_do_nothing(),
    ]


def drop_superseded(dialect: str, head: FromClause) -> list[Delete]:
    """Write statements that remove what version :seen of `head` has, and SENT_TAGS have not."""
    each = _expand_json(dialect)
    signature_id = select(head.c.id).scalar_subquery()
    new = select(_values(each(SENT_TAGS)).c.value)
    return [
        _delete(table, columns, dialect, signature_id, bindparam("seen")).where(
            or_(*(column.not_in(new) for column in columns))
        )
        for table, columns in _INDEXES
    ]


def drop_all(dialect: str, signature_id: int, version: int) -> list[Delete]:
    """Write statements that remove a thread, whose current version is given, from the indexes."""
    return [_delete(table, columns, dialect, signature_id, version) for table, columns in _INDEXES]


def _delete(
    table: type[SignatureTag | SignatureTagPair],
    columns: tuple[Any, ...],
    dialect: str,
    signature_id: Any,
    version: Any,
) -> Delete:
    """Delete by tag as well as by id: the tables have no index that begins with the id."""
    tags = _tags_of_version(_expand_json(dialect), signature_id, version)
    return delete(table).where(
        table.signature_id == signature_id,
        *(_is_one_of(column, tags, dialect) for column in columns),
    )


def _expand_json(dialect: str) -> _Expand:
    """Name the function that makes rows of a JSON list of text."""
    return func.json_each if dialect == "sqlite" else func.json_array_elements_text


def _values(function: Function[Any], name: str = "tag") -> FromClause:
    return function.table_valued("value", name=name, joins_implicitly=True)


def _is_one_of(tag: Any, tags: Select[Any], dialect: str) -> Any:
    """Compare with each of a few tags.

    PostgreSQL expects a hundred rows of a JSON list, and would rather read the whole index; of an
    array it expects ten, and looks each up.
    """
    if dialect == "sqlite":
        return tag.in_(tags)
    return tag == func.any(func.array(tags.scalar_subquery()))


def _tags_of_version(each: _Expand, signature_id: Any, version: Any) -> Select[Any]:
    tag = _values(each(Version.tags))
    return (
        select(tag.c.value)
        .select_from(Version)
        .join(tag, true())
        .where(Version.signature_id == signature_id, Version.version == version)
    )
