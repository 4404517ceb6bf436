"""Names that are longer than any term of a beginning: found by the whole names that begin so.

Few names have so long a beginning in common. They lie beside each other in the index, and are
picked out of it one by one, each time the next that is greater; no thread is read for that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import CTE, BindParameter, ColumnElement, Select, bindparam, exists, func, select

from app.store.models import SignatureTerm

#: The terms that lie from one on, and before another.
_FROM: BindParameter[str] = bindparam("name_from")
_BEFORE: BindParameter[str] = bindparam("name_before")

_TERMS = SignatureTerm.__table__


def within() -> list[ColumnElement[bool]]:
    """Give the conditions for a row of the index to be of such a name."""
    return [SignatureTerm.term >= _FROM, SignatureTerm.term < _BEFORE]


def newest(
    limit: Any, conditions_on: Callable[[Any], list[Any]] = lambda _thread: []
) -> Select[Any]:
    """Select the newest threads that somebody of such a name signed, each once, newest first.

    Threads are taken one after the other, always the newest that is older than the last, so that
    nobody's hundreds of thousands have to be sorted. The rows come in that order by themselves.

    Args:
        limit: rows at most.
        conditions_on: gives what else is demanded of a thread, whose id it is given.
    """
    thread = _WALK.c[0]
    rows = select(thread.label("signature_id"))
    return rows.where(thread.is_not(None), *conditions_on(thread)).limit(limit)


def signed(signature_id: Any) -> ColumnElement[bool]:
    """Give the condition that somebody of such a name signed a thread."""
    term = _TERMS.alias("signed")
    return exists().where(term.c.term == _NAMES.c.term, term.c.signature_id == signature_id)


def _names() -> CTE:
    """Give the whole names, and at the end NULL."""
    first = select(func.min(_TERMS.c.term).label("term")).where(
        _TERMS.c.term >= _FROM, _TERMS.c.term < _BEFORE
    )
    names = first.cte("names", recursive=True)
    greater = _TERMS.alias("greater")
    following = select(func.min(greater.c.term)).where(
        greater.c.term > names.c.term, greater.c.term < _BEFORE
    )
    return names.union_all(select(following.scalar_subquery()).where(names.c.term.is_not(None)))


def _newest_of(names: CTE, walk: CTE | None = None) -> Any:
    """Give the newest thread of one name, older than where the walk is."""
    thread = _TERMS.alias("thread")
    found = select(func.max(thread.c.signature_id)).where(thread.c.term == names.c.term)
    if walk is not None:
        return (
            found.where(thread.c.signature_id < walk.c[0]).correlate(names, walk).scalar_subquery()
        )
    return found.correlate(names).scalar_subquery()


def _walk(names: CTE) -> CTE:
    """Give the threads of all names, newest first, each once, and at the end NULL."""
    walk = select(func.max(_newest_of(names))).select_from(names).cte("walk", recursive=True)
    older = select(func.max(_newest_of(names, walk))).select_from(names).correlate(walk)
    return walk.union_all(
        select(older.scalar_subquery()).select_from(walk).where(walk.c[0].is_not(None))
    )


#: One of each, whatever part of a statement asks for it.
_NAMES = _names()
_WALK = _walk(_NAMES)
