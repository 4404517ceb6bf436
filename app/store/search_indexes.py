"""The search indexes, and the statements that keep them in step with a thread's current version.

Each version keeps its own tags and terms as JSON lists; those of the *current* one are also rows
of narrow tables, tags singly and in pairs, where lists find their page.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BindParameter,
    CompoundSelect,
    Delete,
    FromClause,
    Function,
    Insert,
    Select,
    Text,
    bindparam,
    delete,
    except_,
    func,
    insert,
    or_,
    select,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite

from app.store.models import (
    IS_CURRENT,
    Signature,
    SignatureTag,
    SignatureTagPair,
    SignatureTerm,
    Version,
)

#: The lists that a save brings, as JSON text, which `Prepared` asks for.
SENT_TAGS: BindParameter[str] = bindparam("new_tags", type_=Text())
SENT_TERMS: BindParameter[str] = bindparam("new_terms", type_=Text())

#: The collation in which a pair's tags are ordered.
_BY_BYTES = "BINARY"


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


def add_sent(head: FromClause) -> list[Insert]:
    """Write SQLite's statements that add what a save brings, for the new thread `head`.

    Its id was never used before, so nothing can be in the way.
    """
    return [insert(index.table).from_select(*_rows(index, head)) for index in _INDEXES]


def replace(head: FromClause) -> list[Insert | Delete]:
    """Write SQLite's statements that turn what version :seen of `head` has into what is sent.

    Only what differs is looked up, which is little: as a rule the same people sign again.
    """
    signature_id = select(head.c.id).scalar_subquery()
    superseded = _OfVersion("sqlite", signature_id, bindparam("seen"))
    return [
        *(_delete(index, superseded, but_sent=True) for index in _INDEXES),
        *(_add(index, head, superseded) for index in _INDEXES),
    ]


def drop_all(dialect: str, signature_id: int, version: int) -> list[Delete]:
    """Write statements that remove a thread, whose current version is given, from the indexes."""
    return [_delete(index, _OfVersion(dialect, signature_id, version)) for index in _INDEXES]


def add_tags(dialect: str, signature_ids: Collection[int]) -> list[Insert]:
    """Write statements that add the tags of threads' current versions, where they are missing."""
    expand = func.json_each if dialect == "sqlite" else func.json_array_elements_text
    tag, other = (_values(expand(Version.tags), name) for name in ("tag", "other"))
    by_bytes = tag.c.value.collate(_BY_BYTES if dialect == "sqlite" else "C")
    mine = Signature.id.in_(signature_ids)
    of_current = select(tag.c.value, Signature.id).join(Version, IS_CURRENT).where(mine)
    single = of_current.join(tag, true())
    pairs = (
        select(tag.c.value, other.c.value, Signature.id)
        .join(Version, IS_CURRENT)
        .join(tag, true())
        .join(other, by_bytes < other.c.value)
        .where(mine)
    )
    insert_or_nothing = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return [
        insert_or_nothing(table).from_select(names, rows).on_conflict_do_nothing()
        for table, names, rows in (
            (SignatureTag, ["tag", "signature_id"], single),
            (SignatureTagPair, ["first_tag", "second_tag", "signature_id"], pairs),
        )
    ]


class _OfVersion:
    """The lists that a version keeps, each read once in whatever statement uses it."""

    def __init__(self, dialect: str, signature_id: Any, version: Any) -> None:
        self.dialect = dialect
        self.signature_id = signature_id
        self._lists = {}
        # Makes rows of a JSON list of text.
        expand = func.json_each if dialect == "sqlite" else func.json_array_elements_text
        for name, column in (("kept_tags", Version.tags), ("kept_terms", Version.terms)):
            item = _values(expand(column))
            items = select(item.c.value).select_from(Version).join(item, true())
            mine = (Version.signature_id == signature_id, Version.version == version)
            self._lists[column] = items.where(*mine).cte(name)

    def items(self, index: _Index) -> Select[Any]:
        """Select the items of the list that an index is made of."""
        return select(self._lists[index.kept].c.value)


def _add(index: _Index, head: FromClause, superseded: _OfVersion) -> Insert:
    """Insert what is not there yet."""
    names, rows = _rows(index, head, superseded)
    return sqlite.insert(index.table).from_select(names, rows).on_conflict_do_nothing()


def _rows(
    index: _Index, head: FromClause, superseded: _OfVersion | None = None
) -> tuple[list[str], Select[Any]]:
    """Return columns and rows of what is sent; no single items that the superseded version has."""
    names = [*(column.key for column in index.columns), "signature_id"]
    item = _sent(index)
    if len(index.columns) == 2:
        other = _sent(index, "other")
        lower = item.c.value.collate(_BY_BYTES) < other.c.value
        return names, select(item.c.value, other.c.value, head.c.id).where(lower)
    if superseded is not None:
        item = except_(select(item.c.value), superseded.items(index)).subquery("item")
    # Without WHERE, SQLite takes the ON of ON CONFLICT for a join's.
    joined = item.join(head, true())
    return names, select(item.c.value, head.c.id).select_from(joined).where(true())


def _delete(index: _Index, of: _OfVersion, *, but_sent: bool = False) -> Delete:
    """Delete by item as well as by id: the tables have no index that begins with the id."""
    statement = delete(index.table).where(index.table.signature_id == of.signature_id)
    kept = of.items(index)
    if not but_sent:
        return statement.where(*(_is_one_of(c, kept, of.dialect) for c in index.columns))
    sent = select(_sent(index, "sent").c.value)
    gone = except_(kept, sent)
    if len(index.columns) == 1:
        return statement.where(_is_one_of(index.columns[0], gone, of.dialect))
    # Pairs go if one of the two does: none is looked up where no tag does.
    kept = kept.where(gone.exists())
    return statement.where(
        *(_is_one_of(column, kept, of.dialect) for column in index.columns),
        or_(*(column.not_in(sent) for column in index.columns)),
    )


def _sent(index: _Index, name: str = "item") -> FromClause:
    return _values(func.json_each(index.sent), name)


def _values(function: Function[Any], name: str = "item") -> FromClause:
    return function.table_valued("value", name=name, joins_implicitly=True)


def _is_one_of(column: Any, items: Select[Any] | CompoundSelect[Any], dialect: str) -> Any:
    """Compare with each of a few items.

    PostgreSQL expects a hundred rows of a JSON list, and would rather read the whole index; of an
    array it expects ten, and looks each up.
    """
    if dialect == "sqlite":
        return column.in_(items)
    return column == func.any(func.array(items.scalar_subquery()))
