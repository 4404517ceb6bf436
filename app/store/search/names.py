"""Beginnings of names that are no terms: those of more than one letter.

The index has whole names, in order, and first letters. If few rows begin in this way, they are
taken from the whole names. If many do, but have few names (a person signs very often), the newest
of each name are taken. If many names do (all companies whose names begin with their legal form),
threads with the letter are taken, newest first, and the signers of each are tested: a good part of
them match.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, exists, func, or_, select

from app.store.models import Signature, SignatureTerm, Signer
from app.store.search import terms
from app.store.search.each_term import existing, newest_of_each

#: Rows of the index up to which a name counts as rare: reading and sorting them takes some 5 ms.
RARE = 5_000
#: Names that are looked up one by one at most.
NAMES = 20

#: The range of terms, from one to before another; the letter that is a term; and the beginning that
#: the name must have.
_FROM: BindParameter[str] = bindparam("name_from")
_BEFORE: BindParameter[str] = bindparam("name_before")
_LETTER: BindParameter[str] = bindparam("name_letter")
_NAME: BindParameter[str] = bindparam("name_folded")


def within() -> list[ColumnElement[bool]]:
    """Return the conditions that a row of the index is in that range."""
    return [SignatureTerm.term >= _FROM, SignatureTerm.term < _BEFORE]


def whole(signature_id: Any) -> ColumnElement[bool]:
    """Return the condition that a thread `within` has such a name, beyond what its row keeps."""
    return or_(func.length(_NAME) <= terms.WHOLE_NAME, signed(signature_id))


def newest(
    dialect: str, limit: Any, conditions_on: Callable[[Any], list[Any]] = lambda _thread: []
) -> list[Select[Any]]:
    """Return selections that hold the newest threads that a person of such a name signed.

    Args:
        dialect: of the database.
        limit: rows that are needed of all together.
        conditions_on: returns the other conditions on a thread, by its id.
    """
    few = _FEW.c.signature_id
    number = select(_NUMBER.c.rows).scalar_subquery()
    names = select(func.count(_NAMES.c.value)).scalar_subquery()
    of_few = select(few).where(number <= RARE, whole(few), *conditions_on(few))
    of_each = newest_of_each(
        dialect,
        _NAMES,
        limit,
        lambda thread: [whole(thread), *conditions_on(thread)],
        number > RARE,
        names <= NAMES,
    )
    term = SignatureTerm.__table__.alias("letter")
    thread = term.c.signature_id
    of_many = select(thread.label("signature_id")).where(
        number > RARE,
        names > NAMES,
        term.c.term == _LETTER,
        signed(thread),
        *conditions_on(thread),
    )
    return [
        of_few.distinct().order_by(few.desc()).limit(limit),
        of_each,
        of_many.order_by(thread.desc()).limit(limit),
    ]


def signed(signature_id: Any) -> ColumnElement[bool]:
    """Return the condition that a person of such a name signed a thread.

    OFFSET keeps PostgreSQL from joining: each thread is tested by itself.
    """
    head, signer = Signature.__table__.alias("head"), Signer.__table__.alias("signed")
    return exists(
        select(signer.c.number)
        .join(head, (signer.c.signature_id == head.c.id) & (signer.c.version == head.c.version))
        .where(
            head.c.id == signature_id,
            func.substr(signer.c.claimed_name, 1, func.length(_NAME)) == _NAME,
        )
        .offset(0)
    )


#: Single objects, used by all parts of a statement.
_FEW = select(SignatureTerm.signature_id).where(*within()).limit(RARE + 1).cte("few_named")
_NUMBER = select(func.count().label("rows")).select_from(_FEW).cte("number_named")
_NAMES = existing("names", _FROM, _BEFORE, NAMES + 1)
