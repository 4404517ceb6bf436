"""The newest threads of each of several terms, without reading all that have one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    CTE,
    BindParameter,
    ColumnElement,
    FromClause,
    Select,
    Text,
    bindparam,
    func,
    literal,
    select,
    true,
)
from sqlalchemy.orm import InstrumentedAttribute

from app.store.models import SignatureTerm


def listed(dialect: str, name: str) -> FromClause:
    """Return the terms in a parameter's text, which blanks separate."""
    text: BindParameter[str] = bindparam(name, type_=Text())
    if dialect == "sqlite":
        each = func.json_each('["' + func.replace(text, " ", '","') + '"]')
        return each.table_valued("value", name=name, joins_implicitly=True)
    # A constant for the planner, which then knows how many there are.
    each = func.unnest(func.string_to_array(text, " "))
    # PostgreSQL names the column itself otherwise.
    return each.table_valued("value", name=name, joins_implicitly=True).render_derived()


def listed_texts(dialect: str, texts: BindParameter[Any]) -> FromClause:
    """Return the texts of a `TextList`, which may have blanks, as rows."""
    each = func.json_each(texts) if dialect == "sqlite" else func.unnest(texts)
    values = each.table_valued("value", name="listed", joins_implicitly=True)
    return values if dialect == "sqlite" else values.render_derived()


def existing(name: str, first: Any, before: Any, most: int | None = None) -> CTE:
    """Return the terms of the index from one to before another, each once; some are NULL.

    Each is looked up by the one before it: what they have of rows does not matter.

    Args:
        name: of the common table expression.
        first: the first possible term.
        before: the term behind the last.
        most: how many are needed; None: all.
    """
    found = select(
        _smallest(SignatureTerm.term >= first, before).label("value"), literal(1).label("number")
    ).cte(name, recursive=True)
    is_needed = [] if most is None else [found.c.number < most]
    following = _smallest(SignatureTerm.term > found.c.value, before)
    return found.union_all(
        select(following, found.c.number + 1).where(found.c.value.is_not(None), *is_needed)
    )


def _smallest(condition: ColumnElement[bool], before: Any) -> ColumnElement[str]:
    # Not min(), for which PostgreSQL may read all that it takes for few.
    found = select(SignatureTerm.term).where(condition, SignatureTerm.term < before)
    return found.order_by(SignatureTerm.term).limit(1).scalar_subquery()


def newest_of_each(
    dialect: str,
    terms: FromClause,
    limit: Any,
    conditions_on: Callable[[Any], list[Any]],
    *conditions: ColumnElement[bool],
    key: InstrumentedAttribute[str] = SignatureTerm.term,
) -> Select[Any]:
    """Select the newest `limit` threads of each term that meet conditions.

    Args:
        dialect: of the database.
        terms: `listed` or `existing` ones.
        limit: rows of each.
        conditions_on: returns the conditions on a thread, by its id.
        conditions: others, without which there is none.
        key: the column that has the terms, or tags.
    """
    term = key.class_.__table__.alias("of_term")
    newest = (
        select(term.c.signature_id)
        .where(term.c[key.key] == terms.c.value, *conditions_on(term.c.signature_id))
        .order_by(term.c.signature_id.desc())
        .limit(limit)
    )
    if dialect != "sqlite":
        lateral = newest.lateral()
        return (
            select(lateral.c.signature_id)
            .select_from(terms.join(lateral, true()))
            .where(*conditions)
        )
    # SQLite has no LATERAL: the rows are made into a list, and the list into rows.
    ids = select(func.json_group_array(newest.correlate(terms).subquery().c.signature_id))
    found = func.json_each(ids.scalar_subquery()).table_valued(
        "value", name="found", joins_implicitly=True
    )
    return (
        select(found.c.value.label("signature_id"))
        .select_from(terms.join(found, true()))
        .where(*conditions)
    )
