"""Which threads match: statements that find ids, out of narrow indexes, newest first."""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, exists, func, select, union

from app.store import long_names
from app.store.criteria import Shape
from app.store.models import (
    Signature,
    SignatureTag,
    SignatureTagPair,
    SignatureTerm,
    UtcDateTime,
)

#: Tags of an "all" filter that PostgreSQL may put in any order to begin with the rarest. Planning
#: takes longer with each: 50 took half a second, 100 nearly four.
PLANNED_TAGS = 6

_FROM: BindParameter[Any] = bindparam("signed_from", type_=UtcDateTime())
_TO: BindParameter[Any] = bindparam("signed_to", type_=UtcDateTime())


def newest_ids(shape: Shape) -> Select[Any]:
    """Give the ids of one page: :limit of them, behind the first :offset."""
    limit: BindParameter[int] = bindparam("limit")
    offset: BindParameter[int] = bindparam("offset")
    branches = _branches(shape)
    if branches:
        merged = union(*(select(branch.subquery()) for branch in branches)).subquery()
        ids = select(merged.c.signature_id)
    else:
        ids = matching(shape)
    return ids.order_by(ids.selected_columns[0].desc()).limit(limit).offset(offset)


def all_ids(shape: Shape) -> Select[Any]:
    """Give the ids of all matching threads behind the first :offset."""
    ids = matching(shape)
    return ids.order_by(ids.selected_columns[0].desc()).offset(bindparam("offset"))


def matching(shape: Shape) -> Select[Any]:
    """Select the id of each matching thread, each once, in no order."""
    if shape.terms:
        return _with_terms(shape)
    if shape.long_name:
        return _with_long_name(shape)
    tags = _tags(shape)
    if tags and not shape.on_heads:
        return _tagged(tags, shape.tags_mode)
    return select(Signature.id).where(
        *_on_head(shape), *_on_tags(Signature.id, tags, shape.tags_mode)
    )


def _branches(shape: Shape) -> list[Select[Any]]:
    """Give the newest :reach of each key, if a thread has to have any of several, and no more.

    Sorting all that carry a popular key would cost its whole length. The page is among the newest
    few of each, and those lie in order in the index.
    """
    if shape.terms:
        return []
    if shape.long_name:
        of_one_document = {"document", "thread"} & set(shape.columns)
        return [] if of_one_document else [long_names.newest(partial(_besides_name, shape))]
    if shape.tags > 1 and shape.tags_mode == "any" and not shape.on_heads:
        return [_newest_of(SignatureTag, SignatureTag.tag == tag) for tag in _tags(shape)]
    spans: list[BindParameter[str]] = [
        bindparam(f"span_{n}") for n in range(shape.whole_spans + shape.cut_spans)
    ]
    whole, cut = spans[: shape.whole_spans], spans[shape.whole_spans :]
    within = (SignatureTerm.signature_id == Signature.id, *_signed_when(shape))
    return [_newest_of(SignatureTerm, SignatureTerm.term == span) for span in whole] + [
        _newest_of(SignatureTerm, SignatureTerm.term == span, *within) for span in cut
    ]


def _newest_of(
    index: type[SignatureTag | SignatureTerm], *conditions: ColumnElement[bool]
) -> Select[Any]:
    return (
        select(index.signature_id)
        .where(*conditions)
        .order_by(index.signature_id.desc())
        .limit(bindparam("reach"))
    )


def _with_terms(shape: Shape) -> Select[Any]:
    """Follow the first term, and ask each thread for the rest."""
    signature_id = SignatureTerm.signature_id
    conditions = [SignatureTerm.term == bindparam("term_0")]
    for number in range(1, shape.terms):
        other = SignatureTerm.__table__.alias()
        conditions.append(
            exists().where(
                other.c.signature_id == signature_id, other.c.term == bindparam(f"term_{number}")
            )
        )
    conditions += _besides_name(shape, signature_id)
    if shape.long_name:
        conditions.append(long_names.signed(signature_id))
    return select(signature_id).where(*conditions)


def _with_long_name(shape: Shape) -> Select[Any]:
    """Select the threads of a document that somebody signed, or all that he signed."""
    if {"document", "thread"} & set(shape.columns):
        tagged = _on_tags(Signature.id, _tags(shape), shape.tags_mode)
        return select(Signature.id).where(
            *_on_head(shape), *tagged, long_names.signed(Signature.id)
        )
    signature_id = SignatureTerm.signature_id
    conditions = long_names.within() + _besides_name(shape, signature_id)
    return select(signature_id).where(*conditions).distinct()


def _besides_name(shape: Shape, signature_id: Any) -> list[Any]:
    """Give what is demanded of a thread beside terms and names."""
    conditions = _on_tags(signature_id, _tags(shape), shape.tags_mode)
    if shape.on_heads:
        conditions.append(exists().where(Signature.id == signature_id, *_on_head(shape)))
    return conditions


def _on_head(shape: Shape) -> list[Any]:
    columns = [getattr(Signature, name) == bindparam(name) for name in shape.columns]
    return columns + _signed_when(shape)


def _signed_when(shape: Shape) -> list[Any]:
    conditions = []
    if shape.signed_from:
        conditions.append(Signature.claimed_signed_at >= _FROM)
    if shape.signed_to:
        conditions.append(Signature.claimed_signed_at <= _TO)
    return conditions


def _tags(shape: Shape) -> list[Any]:
    return [bindparam(f"tag_{number}") for number in range(shape.tags)]


def _on_tags(signature_id: Any, tags: list[Any], mode: str) -> list[Any]:
    if tags and mode == "any":
        return [_has_tag(signature_id, SignatureTag.tag.in_(tags))]
    return _has_every_tag(signature_id, tags)


def _tagged(tags: list[Any], mode: str) -> Select[Any]:
    """Select by tags alone, for which the narrow indexes are enough."""
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
