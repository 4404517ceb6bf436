"""The number and the length of a version's tags."""

from __future__ import annotations

from app.extensions import db
from app.services import tag_scope
from app.services.errors import ParameterError
from app.store.signatures.current_tags import MAX_TAG_BYTES, MAX_TAGS, are_bounded, most_tags
from app.store.signatures.writing import NewVersion


def require_bounded(new: NewVersion) -> None:
    """Require that the tags of a version are within the limits.

    A thread that has more, for instance since it was moved here, keeps them: a version may exceed
    the limits if all of its tags are the thread's already.

    Raises:
        ParameterError: they are not.
    """
    most = most_tags(len(new.cms), new.tags)
    if are_bounded(new.tags, most):
        return
    with db.engine.connect() as connection:
        known = tag_scope.read_tags(connection, new.document, new.thread)
    if known.issuperset(new.tags):
        return
    if len(new.tags) > MAX_TAGS:
        raise ParameterError(
            '"{field}" parameter must have at most {limit} items', field="tags", limit=MAX_TAGS
        )
    if len(new.tags) > most:
        raise ParameterError(
            '"{field}" parameter must have at most {limit} items with a signature of {size} '
            "characters",
            field="tags",
            limit=most,
            size=len(new.cms),
        )
    raise ParameterError(
        '"{field}" parameter must have at most {limit} bytes in all items together',
        field="tags",
        limit=MAX_TAG_BYTES,
    )
