"""The search indexes, and the statements that keep them up to date with a thread's current version.

Each version keeps its own tags and terms as JSON lists; those of the *current* one are also rows of
narrow tables, tags singly and in pairs, which lists read their pages from. On PostgreSQL the
function `save_version` writes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import (
    BindParameter,
    Connection,
    Delete,
    FromClause,
    Insert,
    Select,
    Text,
    bindparam,
    delete,
    except_,
    func,
    select,
    true,
)
from sqlalchemy.dialects import sqlite

from app.store.models import SignaturePair, SignatureTag, SignatureTerm, Version
from app.store.search.tag_pairs import pairs_of

#: The lists that a save brings, as JSON text.
SENT_TAGS: BindParameter[str] = bindparam("new_tags", type_=Text())
SENT_TERMS: BindParameter[str] = bindparam("new_terms", type_=Text())
_SENT_PAIRS: BindParameter[str] = bindparam("new_pairs", type_=Text())


@dataclass(frozen=True, slots=True)
class _Index:
    """A table with a row for each item of a list, which `column` holds."""

    table: type[SignatureTag | SignaturePair | SignatureTerm]
    column: Any
    #: The list of a save, and that of the previous version.
    sent: BindParameter[str]
    kept: BindParameter[str]


_INDEXES = (
    _Index(SignatureTag, SignatureTag.tag, SENT_TAGS, bindparam("old_tags", type_=Text())),
    _Index(SignaturePair, SignaturePair.pair, _SENT_PAIRS, bindparam("old_pairs", type_=Text())),
    _Index(SignatureTerm, SignatureTerm.term, SENT_TERMS, bindparam("old_terms", type_=Text())),
)


def sent_lists(values: dict[str, Any]) -> dict[str, str]:
    """Return the parameters of `add_sent` and `replace` beside those of a save."""
    return {"new_pairs": orjson.dumps(pairs_of(orjson.loads(values["new_tags"]))).decode()}


def superseded_lists(connection: Connection, signature_id: int, seen: int) -> dict[str, str]:
    """Return the parameters of `replace` from the previous version."""
    lists = _kept(connection, signature_id, seen)
    return {
        index.kept.key: orjson.dumps(items).decode()
        for index, items in zip(_INDEXES, lists, strict=True)
    }


def add_sent(head: FromClause) -> list[Insert]:
    """Build SQLite's statements that add the rows of a save to the new thread `head`.

    Its id was never used before, so there can be no conflict.
    """
    return [_insert(index, _items(index.sent), head) for index in _INDEXES]


def replace(head: FromClause) -> list[Insert | Delete]:
    """Build SQLite's statements that change the rows of `head` to those of the new version.

    Only differences are written, usually few: the same people sign again.
    """
    return [
        *(_delete_superseded(index, head) for index in _INDEXES),
        *(_add_new(index, head) for index in _INDEXES),
    ]


def drop_all(connection: Connection, signature_id: int, version: int) -> None:
    """Remove a thread, whose current version is given, from the indexes.

    By item as well as by id: the tables have no index that begins with the id.
    """
    lists = _kept(connection, signature_id, version)
    for index, items in zip(_INDEXES, lists, strict=True):
        connection.execute(
            delete(index.table).where(
                index.table.signature_id == signature_id, index.column.in_(items)
            )
        )


def _kept(connection: Connection, signature_id: int, version: int) -> tuple[list[Any], ...]:
    """Return the items that a version has in each index."""
    tags, terms = connection.execute(
        select(Version.tags, Version.terms).where(
            Version.signature_id == signature_id, Version.version == version
        )
    ).one()
    return tags, pairs_of(tags), terms or []


def _insert(index: _Index, rows: Any, head: FromClause) -> Any:
    # Without WHERE, SQLite parses the ON of ON CONFLICT as a join's.
    item = rows.subquery("item")
    selected = select(item.c.value, head.c.id).select_from(item.join(head, true())).where(true())
    return sqlite.insert(index.table).from_select([index.column.key, "signature_id"], selected)


def _add_new(index: _Index, head: FromClause) -> Insert:
    new = except_(_items(index.sent), _items(index.kept))
    added: Insert = _insert(index, new, head).on_conflict_do_nothing()
    return added


def _delete_superseded(index: _Index, head: FromClause) -> Delete:
    gone = except_(_items(index.kept), _items(index.sent))
    signature_id = select(head.c.id).scalar_subquery()
    return delete(index.table).where(
        index.table.signature_id == signature_id, index.column.in_(gone)
    )


def _items(listed: BindParameter[str]) -> Select[Any]:
    each = func.json_each(listed).table_valued("value", name="each", joins_implicitly=True)
    return select(each.c.value)
