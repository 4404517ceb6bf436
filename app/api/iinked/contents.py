"""The documents themselves, in base64, of a package that is added."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any

from flask import current_app
from marshmallow import fields

from app.api.params.unread import note_inside
from app.cms import ContentBudget, KnownDigests, hash_content
from app.services.documents import WANTED_DIGESTS, new_content
from app.services.errors import ParameterError
from app.store.contents.values import InMemory, NewContent


class Base64Bytes(fields.Field[bytes | None]):
    """Bytes in base64; an empty text is no bytes, and None is not given."""

    def __init__(self) -> None:
        super().__init__(load_default=None, allow_none=True)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_kw: Any
    ) -> bytes:
        del data
        try:
            return b64decode(value, validate=True)
        except (TypeError, ValueError) as error:
            raise ParameterError('"{field}" parameter must be base64', field=attr) from error


def read_contents(documents: Sequence[dict[str, Any]]) -> tuple[tuple[int, NewContent], ...]:
    """Return the documents that are to be kept, and add the SHA-256 of each to its item.

    Where none is kept, the SHA-256 is all that remains of a document: it says what is to be signed.
    All of one request share what hashing may cost.

    Args:
        documents: items of `documents`, whose numbers count from 1.

    Raises:
        ParameterError: one is not what its `sha256` says.
        ContentTooLarge: one is larger than is kept.
    """
    keeps, budget = current_app.config["KEEP_CONTENT"], ContentBudget()
    found: list[tuple[int, NewContent]] = []
    for place, item in enumerate(documents):
        data: bytes | None = item["content"]
        where = f"documents[{place}]."
        if not keeps and item["media_type"] is not None:
            note_inside(where, ["mediaType"], ())
        if data is None:
            continue
        known = hash_content(data, (), WANTED_DIGESTS if keeps else (), budget)
        field = f"{where}content"
        if keeps:
            new = new_content(known, InMemory(data), None, item["media_type"], field=field)
            found.append((place + 1, new))
        _settle_digest(item, known, field)
    return tuple(sorted(found, key=lambda one: one[1].sha256))


def _settle_digest(item: dict[str, Any], known: KnownDigests, field: str) -> None:
    """Set the SHA-256 of a document. Raises ParameterError if another one was given."""
    digest = known.digests[0].value.hex()
    if (item["sha256"] or digest).lower() != digest:
        raise ParameterError(
            '"{field}" parameter is not what "{other}" says', field=field, other="sha256"
        )
    item["sha256"] = digest
