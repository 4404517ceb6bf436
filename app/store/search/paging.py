"""One page of a list: the newest matches, without reading many threads that don't match."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Exists,
    Select,
    bindparam,
    exists,
    func,
    select,
    union,
)

from app.store.models import Signature, SignaturePair, SignatureTag, SignatureTerm
from app.store.search import evidence, names
from app.store.search.criteria import Shape
from app.store.search.each_term import existing, listed, listed_texts, newest_of_each
from app.store.search.matching import (
    FEW,
    TAGS,
    conditions,
    has_every_tag,
    if_so,
    matching,
    on_heads,
    tag_parameters,
    tagged,
)

#: Threads with a beginning of a name that are tested for other conditions: to find one, some dozens
#: that share the letter may have to be tested.
FEW_NAMED = 50

_REACH: BindParameter[int] = bindparam("reach")
_BEFORE: BindParameter[int] = bindparam("before", type_=BigInteger())


def newest_ids(dialect: str, shape: Shape) -> Select[Any]:
    """Return the ids of one page: :limit of them, after the first :offset; :reach is their sum."""
    limit: BindParameter[int] = bindparam("limit")
    offset: BindParameter[int] = bindparam("offset")
    branches = _branches(dialect, shape)
    ids = _merged(branches) if branches else below(shape, matching(shape))
    return ids.order_by(ids.selected_columns[0].desc()).limit(limit).offset(offset)


def all_ids(shape: Shape) -> Select[Any]:
    """Return the ids of all matching threads after the first :offset."""
    ids = below(shape, matching(shape))
    return ids.order_by(ids.selected_columns[0].desc()).offset(bindparam("offset"))


def below(shape: Shape, ids: Select[Any]) -> Select[Any]:
    """Bound a selection of ids in the index that it is read from, so that no row is skipped."""
    return ids.where(*_is_below(shape, ids.selected_columns[0]))


def _is_below(shape: Shape, signature_id: Any) -> list[Any]:
    return [signature_id < _BEFORE] if shape.before else []


def _branches(dialect: str, shape: Shape) -> list[Select[Any]]:
    """Return selections that together hold the newest :reach; none if one index has them.

    Sorting all threads with a popular key would cost its whole length. The page is among the newest
    few of each key, which are in order in the index.
    """
    if shape.filters > 1:
        return _near_and_far(dialect, shape)
    if shape.tags > 1:
        return _of_tags(dialect, shape, _REACH)
    if shape.timed:
        return _in_spans(dialect, shape)
    if shape.beginning:
        return names.newest(dialect, _REACH, lambda thread: _is_below(shape, thread))
    return []


def _near_and_far(dialect: str, shape: Shape) -> list[Select[Any]]:
    """Search among the newest few that meet one filter, and elsewhere only if that isn't enough.

    For filters that match many threads each, it isn't known where they match together.
    """
    lead, rest, most = _lead(dialect, shape)
    few = below(shape, lead).order_by(lead.selected_columns[0].desc()).limit(most + 1).cte("few")
    wanted = conditions(rest, few.c[0], from_term=1 if shape.terms else 0)
    found = select(few.c[0].label("signature_id")).where(*map(_probed, wanted))
    near = found.order_by(few.c[0].desc()).limit(_REACH).cte("near")
    more = (
        select(func.count()).select_from(few).scalar_subquery() > most,
        select(func.count()).select_from(near).scalar_subquery() < _REACH,
    )
    return [select(near.c.signature_id)] + [
        select(part.subquery().c[0].label("signature_id")).where(*more)
        for part in _far(dialect, shape)
    ]


def _lead(dialect: str, shape: Shape) -> tuple[Select[Any], Shape, int]:
    """Select by the filter that usually matches the fewest.

    A shape counts its terms from the first, which is used here if there is one.

    Returns:
        The selection, the shape of the other filters, and how many threads are tested for these.
    """
    if shape.terms:
        first = SignatureTerm.term == bindparam("term_0")
        return select(SignatureTerm.signature_id).where(first), shape, FEW
    if shape.columns and (shape.of_document or not shape.beginning):
        of_columns = Shape(columns=shape.columns, tags=0, tags_mode="any")
        return on_heads(of_columns), replace(shape, columns=()), FEW
    if shape.beginning:
        newest = names.newest(dialect, FEW_NAMED + 1, lambda thread: _is_below(shape, thread))
        return _merged(newest), replace(shape, beginning=False), FEW_NAMED
    if shape.evidence and not shape.tags:
        return evidence.newest(shape), replace(shape, evidence=None), FEW
    return _newest_tagged(dialect, shape), replace(shape, tags=0), FEW


def _newest_tagged(dialect: str, shape: Shape) -> Select[Any]:
    return tagged(shape) if shape.tags == 1 else _merged(_of_tags(dialect, shape, FEW + 1))


def _merged(branches: list[Select[Any]]) -> Select[Any]:
    merged = union(*(select(branch.subquery()) for branch in branches)).subquery()
    return select(merged.c.signature_id)


def _far(dialect: str, shape: Shape) -> list[Select[Any]]:
    """Search all threads, in the order in which the page is found the soonest."""
    if shape.timed and not shape.is_rare:
        return _in_spans(dialect, shape)
    if shape.beginning and not (shape.terms or shape.of_document):
        rest = replace(shape, beginning=False)
        return names.newest(
            dialect, _REACH, lambda thread: [*_is_below(shape, thread), *conditions(rest, thread)]
        )
    ids = below(shape, matching(shape))
    return [ids.order_by(ids.selected_columns[0].desc()).limit(_REACH)]


def _probed(condition: Any) -> Any:
    """Return a condition to evaluate for each thread; OFFSET keeps PostgreSQL from joining."""
    if isinstance(condition, Exists):
        return exists(condition.element.element.offset(0))
    return condition


def _of_tags(dialect: str, shape: Shape, limit: Any) -> list[Select[Any]]:
    """Return selections that hold the newest `limit` of several tags together."""
    if shape.tags_mode == "all":
        return _of_every_tag(shape, limit)
    return [_of_many_tags(dialect, shape, limit)] if shape.many_tags else _of_any_tag(shape, limit)


def _of_every_tag(shape: Shape, limit: Any) -> list[Select[Any]]:
    """Return the newest with a row of the first two tags, and of threads with many tags.

    Of the latter those with the second tag are tested, if they are few, else those with the first.
    """
    rows = SignaturePair.__table__.alias("paired")
    pair, signature_id = rows.c.pair, rows.c.signature_id
    first, second, *others = tag_parameters(shape)
    # Threads that the pair rows don't cover come first.
    wanted = has_every_tag(shape, signature_id, [*others, first, second])
    wanted += _is_below(shape, signature_id)
    alone = SignaturePair.pair == bindparam("second_alone")
    few = select(SignaturePair.signature_id).where(alone).limit(FEW + 1).subquery()
    number = select(func.count()).select_from(few).scalar_subquery()
    selections = (
        select(signature_id).where(pair == bindparam("pair"), *wanted),
        if_so(number > FEW, rows, pair == bindparam("first_alone"), *wanted),
        if_so(number <= FEW, rows, pair == bindparam("second_alone"), *wanted),
    )
    return [one.order_by(signature_id.desc()).limit(limit) for one in selections]


def _of_any_tag(shape: Shape, limit: Any) -> list[Select[Any]]:
    """Return the newest of each tag."""
    signature_id = SignatureTag.signature_id
    return [
        select(signature_id)
        .where(SignatureTag.tag == tag, *_is_below(shape, signature_id))
        .order_by(signature_id.desc())
        .limit(limit)
        for tag in tag_parameters(shape)
    ]


def _of_many_tags(dialect: str, shape: Shape, limit: Any) -> Select[Any]:
    """Return the newest of each tag of a list, each once."""
    each = newest_of_each(
        dialect,
        listed_texts(dialect, TAGS),
        limit,
        lambda thread: _is_below(shape, thread),
        key=SignatureTag.tag,
    )
    return each.distinct()


def _in_spans(dialect: str, shape: Shape) -> list[Select[Any]]:
    """Return the newest :reach of each span of time that is inside the period, or overlaps it."""
    timed = Shape(
        columns=(),
        tags=0,
        tags_mode="any",
        signed_from=shape.signed_from,
        signed_to=shape.signed_to,
    )

    def wanted(thread: Any) -> list[Any]:
        return [*_is_below(shape, thread), *conditions(shape.untimed, thread)]

    def wanted_within(thread: Any) -> list[Any]:
        when = exists(on_heads(timed).where(Signature.id == thread).offset(0))
        return [when, *wanted(thread)]

    months = existing("months", bindparam("month_from"), bindparam("month_before"))
    return [
        newest_of_each(dialect, months, _REACH, wanted),
        newest_of_each(dialect, listed(dialect, "whole_days"), _REACH, wanted),
        newest_of_each(dialect, listed(dialect, "cut_days"), _REACH, wanted_within),
    ]
