"""Which threads match: the condition of each filter, and the threads that meet all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import (
    BindParameter,
    Integer,
    Select,
    bindparam,
    exists,
    func,
    literal,
    select,
    true,
    union_all,
)

from app.store.database.types import TextList, UtcDateTime, is_among
from app.store.models import Signature, SignaturePair, SignatureTag, SignatureTerm
from app.store.search import evidence, names
from app.store.search.criteria import SINGLE_TAGS, Shape

#: Threads that are tested for all conditions before another way is tried: about 2 ms.
FEW = 500

_FROM: BindParameter[Any] = bindparam("signed_from", type_=UtcDateTime())
_TO: BindParameter[Any] = bindparam("signed_to", type_=UtcDateTime())


def matching(shape: Shape) -> Select[Any]:
    """Select the id of each matching thread, each once, in no order."""
    if shape.terms:
        first = SignatureTerm.term == bindparam("term_0")
        signature_id = SignatureTerm.signature_id
        return select(signature_id).where(first, *conditions(shape, signature_id, from_term=1))
    if shape.beginning and not shape.of_document:
        signature_id = SignatureTerm.signature_id
        rest = conditions(replace(shape, beginning=False), signature_id)
        named = (*names.within(), names.whole(signature_id))
        return select(signature_id).where(*named, *rest).distinct()
    if shape.evidence and not shape.of_document:
        return _led_by_evidence(shape)
    if shape.tags and not (shape.on_heads or shape.beginning):
        return tagged(shape)
    return on_heads(shape).where(*conditions(shape.without_heads, Signature.id))


def _led_by_evidence(shape: Shape) -> Select[Any]:
    """Select by the filter on evidence, or by another one if that matches fewer as a rule."""
    rest = replace(shape, evidence=None)
    if rest.filters and not shape.is_rare:
        ids = matching(rest)
        return ids.where(evidence.met(shape, ids.selected_columns[0]))
    ids = evidence.newest(shape)
    return ids.where(*conditions(rest, ids.selected_columns[0]))


def conditions(shape: Shape, signature_id: Any, *, from_term: int = 0) -> list[Any]:
    """Return the conditions of all filters on a thread, without the first `from_term` terms."""
    wanted = [
        _has_term(signature_id, bindparam(f"term_{n}")) for n in range(from_term, shape.terms)
    ]
    wanted += _on_tags(signature_id, shape)
    if shape.on_heads:
        wanted.append(exists().where(Signature.id == signature_id, *_on_head(shape)))
    if shape.beginning:
        wanted.append(names.signed(signature_id))
    if shape.evidence:
        wanted.append(evidence.met(shape, signature_id))
    return wanted


def on_heads(shape: Shape) -> Select[Any]:
    """Select by the filters on the head of a thread alone."""
    return select(Signature.id).where(*_on_head(shape))


def _on_head(shape: Shape) -> list[Any]:
    columns = [getattr(Signature, name) == bindparam(name) for name in shape.columns]
    if shape.signed_from:
        columns.append(Signature.claimed_signed_at >= _FROM)
    if shape.signed_to:
        columns.append(Signature.claimed_signed_at <= _TO)
    return columns


def _has_term(signature_id: Any, term: Any) -> Any:
    other = SignatureTerm.__table__.alias()
    return exists().where(other.c.signature_id == signature_id, other.c.term == term)


#: The tags of a filter that has many.
TAGS: BindParameter[Any] = bindparam("tags", type_=TextList())


def tag_parameters(shape: Shape) -> list[Any]:
    """Return the placeholders of the tags, of many those of the first ones."""
    return [bindparam(f"tag_{number}") for number in range(min(shape.tags, SINGLE_TAGS))]


def _is_tag_of(shape: Shape) -> Any:
    """Return the condition that a row of a tag has one of the tags."""
    if shape.many_tags:
        return is_among(SignatureTag.tag, TAGS)
    return SignatureTag.tag.in_(tag_parameters(shape))


def tagged(shape: Shape) -> Select[Any]:
    """Select by tags alone, for which the narrow indexes are enough."""
    tags = tag_parameters(shape)
    if len(tags) == 1:
        return select(SignatureTag.signature_id).where(SignatureTag.tag == tags[0])
    if shape.tags_mode == "any":
        return select(SignatureTag.signature_id).where(_is_tag_of(shape)).distinct()
    return _with_every_tag(shape, tags)


def _with_every_tag(shape: Shape, tags: list[Any]) -> Select[Any]:
    """Select by the rows of pairs if they are few, else by the tags, both of which are common.

    A pair's number does not identify its tags for certain, so each row has to be looked up.
    """
    rows = SignaturePair.pair.in_([bindparam("pair"), bindparam("first_alone")])
    few = select(SignaturePair.signature_id).where(rows).limit(FEW + 1).cte("few_paired")
    number = select(func.count()).select_from(few).scalar_subquery()
    paired = select(few.c[0]).where(number <= FEW, *has_every_tag(shape, few.c[0], tags)).distinct()
    first = SignatureTag.__table__.alias("first")
    wanted = has_every_tag(shape, first.c.signature_id, tags[1:])
    by_tags = if_so(number > FEW, first, first.c.tag == tags[0], *wanted)
    both = union_all(select(paired.subquery().c[0]), by_tags).subquery()
    return select(both.c[0].label("signature_id"))


def if_so(condition: Any, table: Any, *wanted: Any) -> Select[Any]:
    """Select ids from a table, none if a condition that depends on no table is false.

    Combined with the others, SQLite would evaluate it for each row.
    """
    met = select(literal(1)).where(condition).subquery()
    return select(table.c.signature_id).select_from(met.join(table, true())).where(*wanted)


def _on_tags(signature_id: Any, shape: Shape) -> list[Any]:
    tags = tag_parameters(shape)
    if tags and shape.tags_mode == "any":
        return [_has_tag(signature_id, _is_tag_of(shape))]
    return has_every_tag(shape, signature_id, tags)


def has_every_tag(shape: Shape, signature_id: Any, tags: list[Any]) -> list[Any]:
    """Return the conditions that a thread has some tags, and all of the others if they are many.

    PostgreSQL may begin with the rarest of those that it gets one by one. Planning takes longer
    with each: 50 took half a second, 100 nearly four.
    """
    conditions = [_has_tag(signature_id, SignatureTag.tag == tag) for tag in tags]
    if shape.many_tags:
        found = select(func.count()).where(
            SignatureTag.signature_id == signature_id, is_among(SignatureTag.tag, TAGS)
        )
        conditions.append(found.scalar_subquery() == bindparam("number_of_tags", type_=Integer()))
    return conditions


def _has_tag(signature_id: Any, condition: Any) -> Any:
    return exists().where(SignatureTag.signature_id == signature_id, condition)
