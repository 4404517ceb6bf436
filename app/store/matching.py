"""Which threads match: what each filter demands of a thread, and all that meet all of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, exists, func, select

from app.store import long_names
from app.store.columns import UtcDateTime
from app.store.criteria import Shape
from app.store.models import Signature, SignatureTag, SignatureTagPair, SignatureTerm

#: Tags of an "all" filter that PostgreSQL may put in any order to begin with the rarest. Planning
#: takes longer with each: 50 took half a second, 100 nearly four.
PLANNED_TAGS = 6

_FROM: BindParameter[Any] = bindparam("signed_from", type_=UtcDateTime())
_TO: BindParameter[Any] = bindparam("signed_to", type_=UtcDateTime())


def matching(shape: Shape) -> Select[Any]:
    """Select the id of each matching thread, each once, in no order."""
    if shape.terms:
        first = SignatureTerm.term == bindparam("term_0")
        signature_id = SignatureTerm.signature_id
        return select(signature_id).where(first, *conditions(shape, signature_id, from_term=1))
    if shape.long_name and not shape.of_document:
        rest = conditions(replace(shape, long_name=False), SignatureTerm.signature_id)
        return select(SignatureTerm.signature_id).where(*long_names.within(), *rest).distinct()
    if shape.tags and not (shape.on_heads or shape.long_name):
        return tagged(shape)
    return on_heads(shape).where(*conditions(shape.without_heads, Signature.id))


def conditions(shape: Shape, signature_id: Any, *, from_term: int = 0) -> list[Any]:
    """Return all that the filters demand of a thread, but the first `from_term` terms."""
    demands = [
        _has_term(signature_id, bindparam(f"term_{n}")) for n in range(from_term, shape.terms)
    ]
    demands += _on_tags(signature_id, shape)
    if shape.on_heads:
        demands.append(exists().where(Signature.id == signature_id, *_on_head(shape)))
    if shape.long_name:
        demands.append(long_names.signed(signature_id))
    return demands


def on_heads(shape: Shape) -> Select[Any]:
    """Select by what is asked of the head of a thread alone."""
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


def tag_parameters(shape: Shape) -> list[Any]:
    """Return the placeholders of the tags."""
    return [bindparam(f"tag_{number}") for number in range(shape.tags)]


def tagged(shape: Shape) -> Select[Any]:
    """Select by tags alone, for which the narrow indexes are enough."""
    tags = tag_parameters(shape)
    if len(tags) == 1:
        return select(SignatureTag.signature_id).where(SignatureTag.tag == tags[0])
    if shape.tags_mode == "any":
        return select(SignatureTag.signature_id).where(SignatureTag.tag.in_(tags)).distinct()
    pair = SignatureTagPair
    others = _has_every_tag(pair.signature_id, tags[2:])
    return select(pair.signature_id).where(
        pair.first_tag == tags[0], pair.second_tag == tags[1], *others
    )


def _on_tags(signature_id: Any, shape: Shape) -> list[Any]:
    tags = tag_parameters(shape)
    if tags and shape.tags_mode == "any":
        return [_has_tag(signature_id, SignatureTag.tag.in_(tags))]
    return _has_every_tag(signature_id, tags)


def _has_every_tag(signature_id: Any, tags: list[Any]) -> list[Any]:
    """Return conditions that a thread with all of the tags meets."""
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
